// DATA (RFC 5321 §4.1.1.4), and what it shares with BDAT: content until it is whole, or large.

#include <algorithm>
#include <limits>

#include "gateway/session.h"

namespace staffetta::gateway {
namespace {

constexpr uint64_t kToTheEnd = std::numeric_limits<uint64_t>::max();

}  // namespace

Co<Session::Next> Session::Data(std::string_view argument) {
  if (const auto why_not = WhyNoData(argument)) co_return RefuseData(*why_not);
  Say(Said::kGoOnWithData);
  SetDeadline(settings().command_timeout);
  absl::Status status = co_await Flush();
  if (!status.ok()) co_return Lost(status);
  BeginContent(smtp::DataDecoder::Framing::kDot, 0);
  status = co_await ReadContent(transaction_.content.get(), kToTheEnd);
  if (!status.ok()) co_return Lost(status);
  co_await EndContent();
  co_return Next::kGoOn;
}

std::optional<Said> Session::WhyNoData(std::string_view argument) const {
  if (!argument.empty()) return Said::kSuperfluousArgument;
  if (!transaction_.open) return Said::kMailFirst;
  if (transaction_.content) return Said::kDataBehindChunk;
  if (transaction_.params.body == smtp::Body::kBinaryMime) return Said::kBinaryNeedsBdat;
  if (!transaction_.recipients.empty()) return std::nullopt;
  return transaction_.recipient_refused ? Said::kNoValidRecipient : Said::kRecipientFirst;
}

// Who sends content without waiting for 354 would have it taken for commands.
Session::Next Session::RefuseData(Said said) {
  Say(said);
  if (reader_.buffered().empty() || TooManyErrors()) return Next::kGoOn;
  Say(Said::kOutOfStep);
  return Next::kEnd;
}

void Session::BeginContent(smtp::DataDecoder::Framing framing, uint64_t expected) {
  const MailParams& params = transaction_.params;
  transaction_.content = std::make_unique<Incoming>(
      framing, params.body == smtp::Body::kBinaryMime, MaxMessageSize(),
      std::max(expected, params.size), &around_.settings, around_.memory);
}

Co<absl::Status> Session::ReadContent(Incoming* content, uint64_t octets) {
  const size_t enough = settings().data_block;
  size_t block = enough;  // octets since the deadline was set
  while (octets > 0 && !(content != nullptr && content->done())) {
    const std::string_view input = reader_.buffered().substr(0, octets);
    if (input.empty()) {
      if (block >= enough) {
        SetDeadline(settings().data_timeout);
        block = 0;
      }
      // The peer may wait for what was said of commands before this one.
      absl::Status status = co_await Flush();
      if (!status.ok()) co_return status;
      waiting_ = Waiting::kForContent;
      status = co_await reader_.Fill();
      waiting_ = Waiting::kNo;
      if (!status.ok()) co_return status;
      if (last_words_) co_return absl::CancelledError("the session ends");
      continue;
    }
    const size_t used = content == nullptr ? input.size() : content->Feed(input);
    reader_.Consume(used);
    block += used;
    octets -= used;
    if (content == nullptr || !(content->WantsToStream() || content->HasPiece())) continue;
    co_await PassOn(content);
    block = enough;  // the peer was not waited for meanwhile
  }
  co_return absl::OkStatus();
}

Co<void> Session::EndContent() {
  Incoming& content = *transaction_.content;
  std::optional<smtp::Reply> fault = content.Fault();
  if (!fault && !transaction_.stream && !content.MakeRoomForCopy()) {
    fault = ReplyFor(Said::kNoMemory);
  }
  if (fault) {
    Refuse(*fault, transaction_.stream ? transaction_.stream->id() : "");
  } else if (transaction_.stream) {
    co_await SubmitStream(content.TakeContent());
  } else if (transaction_.returned) {
    co_await SubmitReturned(content.TakeContent());
  } else {
    co_await Submit(content.TakeContent());
  }
  transaction_ = {};
}

}  // namespace staffetta::gateway
