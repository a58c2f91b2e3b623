#include "gateway/content_stream.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/smtp/utf8.h"

namespace staffetta::gateway {

ContentStream::ContentStream(Message message, StreamRules rules, MessageQueue* queue,
                             TaskGroup* group, std::shared_ptr<MemoryBudget::Reservation> memory)
    : message_(std::move(message)),
      rules_(std::move(rules)),
      queue_(queue),
      group_(group),
      memory_(std::move(memory)) {}

Co<void> ContentStream::Put(std::string piece) {
  if (!trouble_) Scan(piece);
  co_await Arrived();
  if (trouble_) co_return;
  on_its_way_.emplace(
      group_, PutOne(queue_, message_.id, message_.content_pieces++, std::move(piece), memory_));
}

Co<absl::StatusOr<Message>> ContentStream::Finish(std::string last) {
  if (!last.empty()) co_await Put(std::move(last));
  co_await Arrived();
  if (rules_.structure) rules_.structure->Finish();
  JudgeStructure();
  if (trouble_ == Trouble::kNotPut) co_return absl::UnavailableError("a piece was not put");
  if (trouble_) co_return absl::InvalidArgumentError("nested too deep");
  if (rules_.structure && rules_.structure->found().eight_bit_header) message_.utf8_header = true;
  message_.binary = rules_.fit && !rules_.fit->Fits();
  co_return std::move(message_);
}

void ContentStream::Scan(std::string_view piece) {
  message_.content_size += static_cast<int64_t>(piece.size());
  message_.eight_bit = message_.eight_bit || !smtp::IsAscii(piece);
  if (rules_.fit) rules_.fit->Feed(piece);
  const size_t header = std::min(rules_.header, piece.size());
  rules_.header -= header;
  if (rules_.structure) rules_.structure->Feed(piece.substr(header));
  JudgeStructure();
}

void ContentStream::JudgeStructure() {
  if (!rules_.structure || trouble_) return;
  if (rules_.structure->found().depth > rules_.max_mime_depth) trouble_ = Trouble::kNestedTooDeep;
}

// The piece on its way, if there is one.
Co<void> ContentStream::Arrived() {
  if (!on_its_way_) co_return;
  const absl::Status status = co_await on_its_way_->Result();
  on_its_way_.reset();
  if (status.ok() || trouble_ == Trouble::kNotPut) co_return;
  log::Warn("{}: a piece of content is not put: {}", message_.id, status.ToString());
  trouble_ = Trouble::kNotPut;
}

Co<absl::Status> ContentStream::PutOne(MessageQueue* queue, std::string id, int number,
                                       std::string piece,
                                       std::shared_ptr<MemoryBudget::Reservation> /*memory*/) {
  co_return co_await queue->PutContent(std::move(id), number, std::move(piece));
}

}  // namespace staffetta::gateway
