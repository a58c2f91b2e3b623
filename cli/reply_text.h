#pragma once

#include <string>

#include "staffetta/mail/v1/mail.pb.h"

namespace staffetta::cli {

// "550 5.1.1 no such user (mx.example.net [192.0.2.1])"; empty when there was no reply.
std::string ReplyText(const mail::v1::Reply& reply);

// "<ann@example.com>"; "<>" is the null path.
std::string ReversePath(const mail::v1::Envelope& envelope);

}  // namespace staffetta::cli
