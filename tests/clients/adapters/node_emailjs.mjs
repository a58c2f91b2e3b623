// Submits a letter: node_emailjs.mjs LETTER.json
import { readFileSync } from 'node:fs';
import { SMTPClient } from 'emailjs';

const letter = JSON.parse(readFileSync(process.argv[2]));
const { host, port, transport, user, password, subject, text, html } = letter;
const ca = { ca: readFileSync(letter.ca) };
const client = new SMTPClient({
  host,
  port,
  user,
  password,
  ssl: transport === 'tls' ? ca : false,
  tls: transport === 'starttls' ? ca : false,
  authentication: [letter.auth],
  timeout: 60000,
});
const attachment = [];
if (html) {
  attachment.push({ data: html, alternative: true });
}
if (letter.attachment) {
  attachment.push({ path: letter.attachment, type: 'application/octet-stream', name: letter.attachment_name });
}
const list = (addresses) => addresses.join(', ');
await client.sendAsync({
  from: letter.sender,
  to: list(letter.to),
  cc: list(letter.cc),
  bcc: list(letter.bcc),
  subject,
  text,
  attachment,
});
client.smtp.close();
