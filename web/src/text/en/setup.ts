/** The words of the set-up: one question a screen. */
export const setupText = {
  title: 'Set-up',
  place: (n: number, of: number) => `Question ${n} of ${of}`,
  card: (left: number) => (left === 1 ? 'One question of the set-up is left.' : `${left} questions of the set-up are left.`),
  continueSetup: 'Go on with the set-up',
  notNow: 'Not now',
  next: 'Continue',
  skip: 'Skip this',
  back: 'Back',
  about: {
    question: 'What are you called, and where do you work?',
    text: 'The name is what your people see. Language and time zone say how dates and amounts are written, and what “tomorrow at nine” means.',
  },
  mail: {
    question: 'Shall a mailbox be read?',
    text: 'What comes in by mail becomes tasks. Nothing is sent without a person until you say so. The password is sealed and shown to nobody again.',
    connect: 'Connect a mailbox',
    have: (n: number) => (n === 1 ? 'One connection is there already.' : `${n} connections are there already.`),
    noKind: 'This installation has no connector for mail. Files and programs can still send in work.',
    notYours: 'Connections are made by people with the permission to; you can go on.',
  },
  model: {
    question: 'Who plans what no playbook knows?',
    text: 'Playbooks plan what they describe. For the rest an AI model may make a plan, which is checked by rules of yours before anything happens.',
    installation: (name: string) => `The model of this installation: ${name}`,
    none: 'Nobody: what no playbook knows waits for a person',
    own: 'A model of our own …',
    ownText: 'To use a model under your own key, go to its page; the set-up waits for you.',
  },
  people: {
    question: 'Who works with you?',
    text: 'Invite those who approve, ask and look on. Each gets a role; nobody sees more than it allows.',
    invite: 'Invite somebody',
    invited: (n: number) => (n === 1 ? 'One invitation is open.' : `${n} invitations are open.`),
  },
  done: {
    question: 'That is all',
    text: 'Everything can be changed in the settings. Work that comes in is in the inbox when it needs you.',
    inbox: 'To the inbox',
    send: 'Send in a first file',
  },
};
