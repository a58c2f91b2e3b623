#pragma once

#include <absl/status/status.h>

namespace staffetta {

// From now on the calling thread has a processor as soon as it wants one, before all normal threads
// (SCHED_RR, priority 1; sched(7)); threads and processes that it starts are normal. For threads
// that work little: what they take is nobody else's. PERMISSION_DENIED: the system does not allow
// it; wants CAP_SYS_NICE or an RLIMIT_RTPRIO of 1.
absl::Status BecomeRealtime();

}  // namespace staffetta
