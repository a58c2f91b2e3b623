#include "gateway/verdicts.h"

#include <absl/strings/str_cat.h>

#include <cstdlib>

#include "common/base/text.h"

namespace staffetta::gateway {

using smtp::Reply;

Reply ReplyFor(Said said) {
  switch (said) {
    case Said::kOk:
      return {250, {2, 0, 0}, "OK"};
    case Said::kSenderOk:
      return {250, {2, 1, 0}, "sender OK"};
    case Said::kRecipientOk:
      return {250, {2, 1, 5}, "recipient OK"};
    case Said::kGoOnWithData:
      return {354, {}, "end data with <CR><LF>.<CR><LF>"};
    case Said::kReadyForTls:
      return {220, {2, 0, 0}, "ready to start TLS"};
    case Said::kAuthenticated:
      return {235, {2, 7, 0}, "authentication successful"};
    case Said::kGoodbye:
      return {221, {2, 0, 0}, "goodbye"};
    case Said::kCannotVerify:
      return {252, {2, 1, 5}, "send some mail, it will be tried"};
    case Said::kHelp:
      return {214,
              {2, 0, 0},
              "commands: EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT"};
    case Said::kUnknownCommand:
      return {500, {5, 5, 1}, "unknown command"};
    case Said::kNotImplemented:
      return {502, {5, 5, 1}, "command not implemented"};
    case Said::kMalformedCommand:
      return {500, {5, 5, 2}, "a command is one line of text without control characters"};
    case Said::kCommandTooLong:
      return {500, {5, 5, 2}, "command line too long"};
    case Said::kSuperfluousArgument:
      return {501, {5, 5, 4}, "the command takes no argument"};
    case Said::kUnknownParameter:
      return {555, {5, 5, 4}, "parameter not recognised"};
    case Said::kHeldTwice:
      return {501, {5, 5, 4}, "HOLDFOR or HOLDUNTIL, not both"};
    case Said::kHeldTooLong:
      return {501, {5, 5, 4}, "the message cannot be held for so long; EHLO tells how long"};
    case Said::kRequireTlsNeedsTls:
      return {530, {5, 7, 0}, "REQUIRETLS is for sessions in TLS"};
    case Said::kHelloFirst:
      return {503, {5, 5, 1}, "say EHLO first"};
    case Said::kMailFirst:
      return {503, {5, 5, 1}, "MAIL first"};
    case Said::kRecipientFirst:
      return {503, {5, 5, 1}, "RCPT first"};
    case Said::kNoValidRecipient:
      return {554, {5, 5, 1}, "no valid recipients"};
    case Said::kRecipientBehindContent:
      return {503, {5, 5, 1}, "the content has begun; RSET ends the transaction"};
    case Said::kDataBehindChunk:
      return {503, {5, 5, 1}, "the content comes by BDAT; RSET ends the transaction"};
    case Said::kBinaryNeedsBdat:
      return {503, {5, 5, 1}, "BODY=BINARYMIME needs BDAT"};
    case Said::kChunkRefused:
      return {503, {5, 5, 1}, "a chunk of this message was refused"};
    case Said::kAlreadyInTransaction:
      return {503, {5, 5, 1}, "one MAIL per transaction; RSET ends it"};
    case Said::kAlreadyTls:
      return {503, {5, 5, 1}, "TLS is active already"};
    case Said::kNoTls:
      return {502, {5, 5, 1}, "TLS is not available"};
    case Said::kAlreadyAuthenticated:
      return {503, {5, 5, 1}, "already authenticated"};
    case Said::kAuthInTransaction:
      return {503, {5, 5, 1}, "AUTH is not allowed in a transaction"};
    case Said::kUnknownMechanism:
      return {504, {5, 5, 4}, "authentication mechanism not supported; EHLO names those that are"};
    case Said::kChannelBindingUnknown:
      return {535, {5, 7, 8}, "this channel binding is not supported here"};
    case Said::kChannelBindingFailed:
      return {535, {5, 7, 8}, "the channel binding does not fit; somebody may be in between"};
    case Said::kAuthCancelled:
      return {501, {5, 7, 0}, "authentication cancelled"};
    case Said::kAuthLineTooLong:
      return {500, {5, 5, 6}, "authentication line too long"};
    case Said::kXclientInTransaction:
      return {503, {5, 5, 1}, "XCLIENT is not allowed in a transaction"};
    case Said::kNoMailboxHere:
      return {550, {5, 1, 1}, "there are no mailboxes here; give the recipient's domain"};
    case Said::kLiteralRefused:
      return {550, {5, 1, 2}, "mail to this host or to address literals is not relayed"};
    case Said::kTooManyRecipients:
      return {452, {4, 5, 3}, "too many recipients; send the rest in another transaction"};
    case Said::kTlsRequired:
      return {530, {5, 7, 0}, "issue a STARTTLS command first"};
    case Said::kAuthNeedsTls:
      return {538, {5, 7, 11}, "authentication needs encryption; issue STARTTLS first"};
    case Said::kAuthRequired:
      return {530, {5, 7, 0}, "authentication required"};
    case Said::kTooManyErrors:
      return {421, {4, 7, 0}, "too many errors, closing"};
    case Said::kTooManySessions:
      return {421, {4, 7, 0}, "too many sessions, try again later"};
    case Said::kTooManySessionsOfAddress:
      return {421, {4, 7, 0}, "too many sessions from your address"};
    case Said::kTooManySessionsOfUser:
      return {421, {4, 7, 0}, "too many sessions of this user"};
    case Said::kTalksEarly:
      return {554, {5, 5, 0}, "wait for the greeting before you talk"};
    case Said::kRightsChanged:
      return {421, {4, 7, 0}, "your rights have changed, authenticate again"};
    case Said::kTimeout:
      return {421, {4, 4, 2}, "timed out, closing"};
    case Said::kShuttingDown:
      return {421, {4, 3, 2}, "shutting down, try again"};
    case Said::kOutOfStep:
      return {421, {4, 5, 0}, "data without permission, closing"};
    case Said::kAuthUnavailable:
      return {454, {4, 7, 0}, "authentication is not available now, try again later"};
    case Said::kTemporaryFailure:
      return {451, {4, 3, 0}, "temporary failure, try again later"};
    case Said::kNoMemory:
      return {452, {4, 3, 1}, "no room for more messages now, try again later"};
  }
  std::abort();
}

Reply OtherPriorityReply(int granted) {
  // The code wants the priority as the first word.
  return {250, {2, 3, 6}, absl::StrCat(granted, " is the lowest priority of this user")};
}

Reply ChunkReply(uint64_t octets) { return {250, {2, 0, 0}, absl::StrCat(octets, " octets")}; }

Reply ReplyFor(AuthVerdict verdict) {
  switch (verdict) {
    case AuthVerdict::kOk:
      return ReplyFor(Said::kAuthenticated);
    case AuthVerdict::kWrongCredentials:
      return {535, {5, 7, 8}, "wrong user name or password"};
    case AuthVerdict::kInactive:
      return {525, {5, 7, 13}, "this user is not active"};
    case AuthVerdict::kBlocked:
      return {525, {5, 7, 13}, "this user is blocked"};
    case AuthVerdict::kNoNetwork:
      return ReplyFor(Said::kAuthRequired);
    case AuthVerdict::kTooManyFailures:
      return {421, {4, 7, 0}, "too many logins have failed, try again later"};
  }
  std::abort();
}

Reply ReplyFor(const SenderAnswer& answer, const std::string& user) {
  const std::string& address = answer.offending_address;
  const std::string domain = address.substr(address.rfind('@') + 1);
  const std::string bracketed = absl::StrCat("<", address, ">: ");
  const std::string instead =
      absl::StrCat(" as a sender of user ", user, ", or use one of its verified senders");
  switch (answer.verdict) {
    case SenderVerdict::kOk:
      return ReplyFor(Said::kSenderOk);
    case SenderVerdict::kNotAuthorised:
      return {550,
              {5, 7, 1},
              absl::StrCat(bracketed, "you may not send from this address; add and verify ", domain,
                           " or the address", instead)};
    case SenderVerdict::kNotVerified:
      return {550,
              {5, 7, 1},
              absl::StrCat(bracketed, "this sender is not verified; verify ", domain,
                           " or the address", instead)};
    case SenderVerdict::kBanned:
      return {550,
              {5, 7, 1},
              absl::StrCat(bracketed, "this sender is banned; use another verified sender of user ",
                           user)};
  }
  std::abort();
}

Reply ReplyFor(ContentFault fault, const Settings& settings) {
  switch (fault) {
    case ContentFault::kBadBytes:
      return {550,
              {5, 6, 0},
              settings.strict_newlines
                  ? "the message has NUL, or CR or LF that do not belong together"
                  : "the message has NUL, or CR without LF"};
    case ContentFault::kHeaderNotUtf8:
      return {550, {5, 6, 0}, "the header has octets that are not UTF-8"};
    case ContentFault::kLineTooLong:
      return {550,
              {5, 6, 0},
              absl::StrCat("the message has a line longer than ", settings.max_line, " octets")};
    case ContentFault::kTooBig:
      return TooBigReply(settings.max_message_size);
    case ContentFault::kHeaderTooLarge:
      return {552, {5, 3, 4}, "the header of the message is too large"};
    case ContentFault::kNestedTooDeep:
      return {554, {5, 6, 0}, "the parts of the message are nested too deep"};
    case ContentFault::kNotAField:
      return {550, {5, 6, 0}, "the header has a line that is not a field"};
    case ContentFault::kNoFrom:
      return {550, {5, 6, 0}, "the header has no From field"};
    case ContentFault::kSeveralFrom:
      return {550, {5, 6, 0}, "the header has more than one From field"};
    case ContentFault::kDisguisedFrom:
      return {550, {5, 6, 0}, "the From field has a space before its colon"};
    case ContentFault::kBadFrom:
      return {550, {5, 6, 0}, "the From field is not a list of addresses"};
    case ContentFault::kSeveralSender:
      return {550, {5, 6, 0}, "the header has more than one Sender field"};
    case ContentFault::kBadSender:
      return {550, {5, 6, 0}, "the Sender field is not an address"};
    case ContentFault::kLooping:
      return {554, {5, 4, 6}, "the message is looping: too many Received fields"};
    case ContentFault::kBadIdempotencyKey:
      return {
          554, {5, 6, 0}, "Idempotency-Key: not one value of 1 to 255 visible ASCII characters"};
  }
  std::abort();
}

Reply TooBigReply(int64_t most) {
  return {552, {5, 3, 4}, absl::StrCat("the message is larger than ", most, " octets")};
}

Reply ReplyFor(const Allowance& allowance, const std::string& user) {
  return {451,
          {4, 7, 1},
          absl::StrCat("user ", user, " may submit ", allowance.most, " messages per ",
                       allowance.window, "; try again in ",
                       absl::ToInt64Seconds(absl::Ceil(allowance.retry_after, absl::Seconds(1))),
                       " s")};
}

Reply ReplyFor(const SmtpApiFault& fault) {
  return {
      554,
      {5, 6, 0},
      absl::StrCat("X-SMTPAPI: ", ToAbsl(fault.key), fault.key.empty() ? "" : ": ", fault.rule)};
}

std::string_view NameOf(Durability durability) {
  switch (durability) {
    case Durability::kSynced:
      return "synced";
    case Durability::kReplicated:
      return "replicated";
    case Durability::kVolatile:
      return "volatile";
  }
  std::abort();
}

Reply QueuedReply(const std::string& id, Durability durability) {
  std::string text = "queued as " + id;
  if (durability != Durability::kSynced) text += " (" + std::string(NameOf(durability)) + ")";
  return {250, {2, 0, 0}, std::move(text)};
}

}  // namespace staffetta::gateway
