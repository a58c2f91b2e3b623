#include "delivery/content_blocks.h"

#include <algorithm>
#include <utility>

namespace staffetta::delivery {
namespace {

constexpr size_t kSlice = 256 << 10;  // what one write and its deadline cover

}  // namespace

Fault FaultOf(const absl::Status& status) {
  if (status.ok()) return Fault::kNone;
  if (absl::IsCancelled(status)) return Fault::kStopped;
  return absl::IsDataLoss(status) ? Fault::kDamaged : Fault::kNoContent;
}

ContentBlocks::ContentBlocks(const Delivery* delivery, const Body* body, ContentSource* source)
    : delivery_(*delivery),
      source_(source),
      whole_(delivery->whole()),
      rest_(body->ContentOf(*delivery)) {}

Co<ContentBlocks::Block> ContentBlocks::Next() {
  if (whole_) co_return NextSlice();
  Block block{.octets = delivery_.content};  // the first piece
  if (ahead_) {
    auto fetched = co_await ahead_->Result();
    ahead_.reset();
    if (!fetched.ok()) co_return Block{.fault = FaultOf(fetched.status())};
    piece_ = *std::move(fetched);
    block.octets = piece_;
  }
  size_ += static_cast<int64_t>(block.octets.size());
  block.last = ++next_ == delivery_.content_pieces;
  if (!block.last) {
    ahead_.emplace(source_->Fetch(delivery_.message_id, next_));
  } else if (size_ != delivery_.content_size) {
    co_return Block{.fault = Fault::kDamaged};
  }
  co_return block;
}

ContentBlocks::Block ContentBlocks::NextSlice() {
  const std::string_view slice = rest_.substr(0, kSlice);
  rest_.remove_prefix(slice.size());
  return {.octets = slice, .last = rest_.empty()};
}

}  // namespace staffetta::delivery
