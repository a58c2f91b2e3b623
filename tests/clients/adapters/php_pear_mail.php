<?php
// Submits a letter: php_pear_mail.php LETTER.json
require 'Mail.php';
require 'Mail/mime.php';

$letter = json_decode(file_get_contents($argv[1]));
$mime = new Mail_mime(['eol' => "\r\n", 'text_charset' => 'UTF-8', 'html_charset' => 'UTF-8',
    'head_charset' => 'UTF-8']);
$mime->setTXTBody($letter->text);
if ($letter->html) {
    $mime->setHTMLBody($letter->html);
}
if ($letter->attachment) {
    $mime->addAttachment($letter->attachment, 'application/octet-stream', $letter->attachment_name);
}
$body = $mime->get();
$headers = $mime->headers(array_filter([
    'From' => $letter->sender, 'To' => implode(', ', $letter->to),
    'Cc' => implode(', ', $letter->cc), 'Subject' => $letter->subject]));
// With XOAUTH2 it wants the scheme in front of the token.
$secret = ($letter->auth === 'XOAUTH2' ? 'Bearer ' : '') . $letter->password;
$mail = Mail::factory('smtp', [
    'host' => ($letter->transport === 'tls' ? 'ssl://' : '') . $letter->host, 'port' => $letter->port,
    'auth' => $letter->auth, 'username' => $letter->user, 'password' => $secret]);
$sent = $mail->send($letter->recipients, $headers, $body);
if (PEAR::isError($sent)) {
    fwrite(STDERR, $sent->toString());
    exit(1);
}
