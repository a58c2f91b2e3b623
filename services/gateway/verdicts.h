#pragma once

// The only place that turns answers and failures into SMTP replies. What is not foreseen is a
// temporary failure, never a yes: 451 4.3.0. No reply carries anything internal.

#include <string>

#include "common/smtp/reply.h"
#include "gateway/backends.h"
#include "gateway/content.h"
#include "gateway/settings.h"
#include "gateway/smtp_api.h"

namespace staffetta::gateway {

// Replies that are always the same.
enum class Said {
  kOk,
  kSenderOk,
  kRecipientOk,
  kGoOnWithData,
  kReadyForTls,
  kAuthenticated,
  kGoodbye,
  kCannotVerify,
  kHelp,
  // What the client does wrong.
  kUnknownCommand,
  kNotImplemented,
  kMalformedCommand,
  kCommandTooLong,
  kSuperfluousArgument,
  kUnknownParameter,
  kHeldTwice,
  kHeldTooLong,
  kRequireTlsNeedsTls,
  kHelloFirst,
  kMailFirst,
  kRecipientFirst,
  kNoValidRecipient,
  kRecipientBehindContent,
  kDataBehindChunk,
  kBinaryNeedsBdat,
  kChunkRefused,
  kAlreadyInTransaction,
  kAlreadyTls,
  kNoTls,
  kAlreadyAuthenticated,
  kAuthInTransaction,
  kUnknownMechanism,
  kChannelBindingUnknown,
  kChannelBindingFailed,
  kAuthCancelled,
  kAuthLineTooLong,
  kXclientInTransaction,
  kNoMailboxHere,
  kLiteralRefused,
  kTooManyRecipients,
  // What it has to do first.
  kTlsRequired,
  kAuthNeedsTls,
  kAuthRequired,
  // The end.
  kTooManyErrors,
  kTooManySessions,
  kTooManySessionsOfAddress,
  kTooManySessionsOfUser,
  kTalksEarly,
  kRightsChanged,
  kTimeout,
  kShuttingDown,
  kOutOfStep,
  // Our own trouble.
  kAuthUnavailable,   // AUTH could not be decided
  kTemporaryFailure,  // anything else could not be decided, or was not confirmed
  kNoMemory,
};
smtp::Reply ReplyFor(Said said);

// MAIL is taken with another MT-PRIORITY than was asked for (RFC 6710 §4.1).
smtp::Reply OtherPriorityReply(int granted);

// A chunk is taken, others will follow (RFC 3030 §2).
smtp::Reply ChunkReply(uint64_t octets);

// AUTH's answer.
smtp::Reply ReplyFor(AuthVerdict verdict);

// A sender that is not kOk (SPEC V7).
smtp::Reply ReplyFor(const SenderAnswer& answer, const std::string& user);

smtp::Reply ReplyFor(ContentFault fault, const Settings& settings);

// A message of more than so many octets.
smtp::Reply TooBigReply(int64_t most);

// SPEC X1
smtp::Reply ReplyFor(const SmtpApiFault& fault);

// One message too many (SPEC U10).
smtp::Reply ReplyFor(const Allowance& allowance, const std::string& user);

// The message is durable (SPEC S9).
smtp::Reply QueuedReply(const std::string& id, Durability durability);

// "synced", for logs.
std::string_view NameOf(Durability durability);

}  // namespace staffetta::gateway
