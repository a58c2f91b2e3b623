// Submits a letter: node_nodemailer.mjs LETTER.json
import { readFileSync } from 'node:fs';
import nodemailer from 'nodemailer';

const letter = JSON.parse(readFileSync(process.argv[2]));
const { host, port, transport, sender, to, cc, bcc, subject, text, html, attachment } = letter;
const account =
  letter.auth === 'XOAUTH2'
    ? { type: 'OAuth2', user: letter.user, accessToken: letter.password }
    : { user: letter.user, pass: letter.password, method: letter.auth };
const mailer = nodemailer.createTransport({
  host,
  port,
  secure: transport === 'tls',
  requireTLS: transport === 'starttls',
  ignoreTLS: transport === 'clear',
  authMethod: letter.auth,
  auth: account,
  tls: { ca: readFileSync(letter.ca) },
});
const attachments = attachment ? [{ filename: letter.attachment_name, path: attachment }] : [];
await mailer.sendMail({ from: sender, to, cc, bcc, subject, text, html: html || undefined, attachments });
