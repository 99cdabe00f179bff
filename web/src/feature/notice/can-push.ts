/** Whether this browser can show what is pushed to it. On a phone of Apple's that takes the app on the home screen. */
export const canPush = (): boolean => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
