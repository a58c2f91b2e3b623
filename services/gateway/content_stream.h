#pragma once

// Large content on its way into the queue while it still comes in (SPEC Q8): it goes piece by
// piece, each while the next one gathers, so that a gateway holds two pieces of a message and never
// the whole of it. What is said of a whole message is worked out as it flows by.

#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/beside.h"
#include "common/base/co.h"
#include "common/base/task_group.h"
#include "common/mime/structure.h"
#include "common/smtp/data_encoder.h"
#include "gateway/backends.h"
#include "gateway/memory.h"

namespace staffetta::gateway {

// Octets of a piece. Each costs a call, a write that Redis syncs and some 0.5 ms of the queue's
// thread for zstd: larger ones would hold up small mail behind them, smaller ones would sync more
// often than needed.
inline constexpr size_t kPiece = 256 << 10;
// A piece that gathers, with what one read brings beyond it.
inline constexpr size_t kGathering = kPiece + (64 << 10);
// What a stream holds that begins with so many octets: a piece that gathers and one on its way.
constexpr int64_t HeldByStream(size_t head) {
  return static_cast<int64_t>((head > kGathering ? head : kGathering) + kPiece);
}

// What is to be found out about the content beside its octets.
struct StreamRules {
  size_t header = 0;  // octets in front of the body, which is all that `structure` is fed with
  std::optional<mime::StructureScanner> structure;  // none: nobody asks
  size_t max_mime_depth = 100;
  std::optional<smtp::DataFit> fit;  // none: it goes by DATA
};

// Confined to the group's thread. Who lets go of it cancels the piece on its way; what arrived
// before expires in the queue by itself.
class ContentStream {
 public:
  // `message`: all but its content and what follows from that; its utf8_header is that of its own
  // header. What both pointers name outlives the group's coroutines. `memory`: HeldByStream, kept
  // as long as something is held.
  ContentStream(Message message, StreamRules rules, MessageQueue* queue, TaskGroup* group,
                std::shared_ptr<MemoryBudget::Reservation> memory);

  // Begins to put the next piece, once the one before has arrived. After a trouble: drops it.
  Co<void> Put(std::string piece);
  // Puts what is left and waits for it: the message, complete, whose content is in the queue.
  // Without a trouble before.
  Co<absl::StatusOr<Message>> Finish(std::string last);

  // Why it will be no message.
  enum class Trouble {
    kNestedTooDeep,
    kNotPut,  // it is logged
  };
  std::optional<Trouble> trouble() const { return trouble_; }

  const std::string& id() const { return message_.id; }

 private:
  void Scan(std::string_view piece);
  void JudgeStructure();
  Co<void> Arrived();
  static Co<absl::Status> PutOne(MessageQueue* queue, std::string id, int number, std::string piece,
                                 std::shared_ptr<MemoryBudget::Reservation> memory);

  Message message_;
  StreamRules rules_;
  MessageQueue* const queue_;
  TaskGroup* const group_;
  const std::shared_ptr<MemoryBudget::Reservation> memory_;
  std::optional<Beside<absl::Status>> on_its_way_;
  std::optional<Trouble> trouble_;
};

}  // namespace staffetta::gateway
