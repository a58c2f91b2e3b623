<?php
// Submits a letter: php_phpmailer.php LETTER.json
require 'libphp-phpmailer/autoload.php';

use PHPMailer\PHPMailer\OAuthTokenProvider;
use PHPMailer\PHPMailer\PHPMailer;

class Token implements OAuthTokenProvider
{
    public function __construct(private $letter)
    {
    }

    public function getOauth64()
    {
        return base64_encode("user={$this->letter->user}\1auth=Bearer {$this->letter->password}\1\1");
    }
}

$letter = json_decode(file_get_contents($argv[1]));
$mail = new PHPMailer(true);
$mail->isSMTP();
$mail->Host = $letter->host;
$mail->Port = $letter->port;
$mail->SMTPAutoTLS = false;
$mail->SMTPSecure = ['clear' => '', 'starttls' => PHPMailer::ENCRYPTION_STARTTLS,
    'tls' => PHPMailer::ENCRYPTION_SMTPS][$letter->transport];
$mail->SMTPAuth = true;
$mail->AuthType = $letter->auth;
$mail->Username = $letter->user;
$mail->Password = $letter->password;
if ($letter->auth === 'XOAUTH2') {
    $mail->setOAuth(new Token($letter));
}
$mail->CharSet = PHPMailer::CHARSET_UTF8;
$mail->setFrom($letter->sender);
array_map([$mail, 'addAddress'], $letter->to);
array_map([$mail, 'addCC'], $letter->cc);
array_map([$mail, 'addBCC'], $letter->bcc);
$mail->Subject = $letter->subject;
if ($letter->html) {
    $mail->isHTML();
    $mail->Body = $letter->html;
    $mail->AltBody = $letter->text;
} else {
    $mail->Body = $letter->text;
}
if ($letter->attachment) {
    $mail->addAttachment($letter->attachment, $letter->attachment_name);
}
$mail->send();
