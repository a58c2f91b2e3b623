// BDAT (RFC 3030 §2): content in chunks of a length that is told. Whatever is wrong, the octets of
// a chunk are read, and never taken for commands.

#include "common/smtp/command.h"
#include "gateway/session.h"

namespace staffetta::gateway {

Co<Session::Next> Session::Bdat(std::string_view argument, std::optional<Said> trouble) {
  const auto chunk = smtp::ParseBdat(argument);
  if (!chunk) {
    // Nobody knows where the next command begins.
    Say(smtp::ReplyFor(chunk.error()));
    co_return Next::kEnd;
  }
  const std::optional<Said> why_not = trouble ? trouble : WhyNoChunk();
  if (!why_not && !transaction_.content) {
    BeginContent(smtp::DataDecoder::Framing::kCounted, chunk->size);
  }
  Incoming* const content = why_not ? nullptr : transaction_.content.get();
  const absl::Status status = co_await ReadContent(content, chunk->size);
  if (!status.ok()) co_return Lost(status);
  if (why_not) {
    RefuseChunk(ReplyFor(*why_not));
  } else if (chunk->last) {
    content->Finish();
    co_await EndContent();
  } else if (const auto fault = content->Fault()) {
    LogRefusal(*fault);
    RefuseChunk(*fault);
  } else {
    Say(ChunkReply(chunk->size));
  }
  co_return Next::kGoOn;
}

std::optional<Said> Session::WhyNoChunk() const {
  if (hello_.greeting != Greeting::kEhlo) return Said::kHelloFirst;
  if (transaction_.chunk_refused) return Said::kChunkRefused;
  if (!transaction_.open) return Said::kMailFirst;
  if (!transaction_.recipients.empty()) return std::nullopt;
  return transaction_.recipient_refused ? Said::kNoValidRecipient : Said::kRecipientFirst;
}

// A message without one of its chunks is none: the transaction is over. The chunks behind this one,
// which a client that pipelines has sent already, do not count as errors of their own.
void Session::RefuseChunk(const smtp::Reply& reply) {
  if (transaction_.chunk_refused) {
    Answer(reply);
  } else {
    Say(reply);
  }
  transaction_ = {};
  transaction_.chunk_refused = true;
}

}  // namespace staffetta::gateway
