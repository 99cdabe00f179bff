/** The words of the command menu that only it needs. */
export const paletteText = {
  do: 'Do',
  sendFiles: 'Send files in',
  connect: 'Connect something new',
  invite: 'Invite somebody',
  connectModel: 'Choose the AI model',
  setUp: 'Go through the set-up',
  topics: 'Settings pages',
  tasks: 'Tasks found',
  notes: 'Notes found',
};
