#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include <absl/status/statusor.h>

#include "staffetta/queue/v1/queue.pb.h"

namespace staffetta::cli {

// Which deliveries a command is about, as options: --account, --class, ... All that are given must
// fit.
class QueueSelector {
 public:
  // The object must outlive the command.
  void AddTo(CLI::App* command);

  // INVALID_ARGUMENT names the option.
  absl::StatusOr<queue::v1::Selector> Get() const;

 private:
  uint64_t account_ = 0;
  uint64_t list_ = 0;
  const CLI::Option* list_option_ = nullptr;
  uint64_t class_ = 0;
  std::string user_, message_, lane_, channel_, destination_, campaign_;
  std::string state_, older_than_, due_before_, sender_, recipient_, subject_;
};

}  // namespace staffetta::cli
