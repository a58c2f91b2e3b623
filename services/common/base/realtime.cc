#include "common/base/realtime.h"

#include <sched.h>

#include <cerrno>

namespace staffetta {

absl::Status BecomeRealtime() {
  const sched_param lowest{.sched_priority = 1};
  if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "sched_setscheduler");
}

}  // namespace staffetta
