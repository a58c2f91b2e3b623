#include "queue/partition.h"

#include <absl/strings/str_cat.h>

#include "common/base/ids.h"
#include "common/base/text.h"

namespace staffetta::queue {

Partition::Partition(redis::Client* client, int number, int64_t keep_events)
    : client_(client),
      tag_(absl::StrCat("{", number, "}")),
      keep_(absl::StrCat(keep_events)),
      wake_channel_(absl::StrCat("wake:", tag_)),
      waker_(NewToken()),
      gates_key_(absl::StrCat("gates:", tag_)) {}

std::string Partition::Key(std::string_view kind, std::string_view name) const {
  return absl::StrCat(ToAbsl(kind), ":", tag_, ":", ToAbsl(name));
}

}  // namespace staffetta::queue
