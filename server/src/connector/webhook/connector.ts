import { ConnectorFault, defineConnector } from '@factotum/connector-sdk';
import { arrivalOf } from './map.ts';
import { secretRefusal } from './secret.ts';
import { webhookSettings } from './settings.ts';
import { verify } from './verify.ts';

/** Takes in what another system sends to an address of the tenant's: the request is the event itself. */
export const webhookConnector = defineConnector({
  kind: 'webhook',
  title: 'Incoming webhook',
  description: 'Takes in what another system sends: a shop, a form, a build. Signed requests only.',
  settings: webhookSettings,
  credentials: {
    secret: {
      title: 'Signing secret',
      required: true,
      help: 'What the other system signs with, 16 characters or more; for Standard Webhooks it begins with whsec_.',
      refusal: secretRefusal,
    },
  },
  everyMs: 3_600_000,
  async check({ credentials }) {
    const refusal = secretRefusal(credentials.secret ?? '');
    if (refusal !== null) throw new ConnectorFault('auth', refusal);
  },
  async hook(context, request) {
    verify(request, context.settings, context.credentials.secret ?? '', context.now());
    return { status: 200, body: 'ok', arrivals: [arrivalOf(request, context.settings)] };
  },
});
