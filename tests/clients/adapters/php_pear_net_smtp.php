<?php
// Submits a letter: php_pear_net_smtp.php LETTER.json
require 'Net/SMTP.php';

function check($result)
{
    global $smtp;
    if (PEAR::isError($result)) {
        fwrite(STDERR, $result->getMessage() . ': ' . implode(' ', $smtp->getResponse()));
        exit(1);
    }
}

$letter = json_decode(file_get_contents($argv[1]));
$host = ($letter->transport === 'tls' ? 'ssl://' : '') . $letter->host;
$smtp = new Net_SMTP($host, $letter->port, 'client.example');
check($smtp->connect(60));
// With XOAUTH2 it wants the scheme in front of the token.
$secret = ($letter->auth === 'XOAUTH2' ? 'Bearer ' : '') . $letter->password;
check($smtp->auth($letter->user, $secret, $letter->auth, $letter->transport === 'starttls'));
check($smtp->mailFrom($letter->sender));
foreach ($letter->recipients as $recipient) {
    check($smtp->rcptTo($recipient));
}
check($smtp->data(file_get_contents($letter->raw)));
check($smtp->disconnect());
