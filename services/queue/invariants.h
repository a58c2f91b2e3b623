#pragma once

#include <string>
#include <vector>

#include "common/redis/client.h"

namespace staffetta::queue {

// For tests: reads all keys of a partition ("{0}") and says which invariants of DESIGN §4 do not
// hold (I1, I2, I5, the turns of lanes and the counters). Empty: all hold. `second` is the store
// with the contents, if there is one.
Co<std::vector<std::string>> BrokenInvariants(redis::Client* client, std::string tag,
                                              redis::Client* second = nullptr);

}  // namespace staffetta::queue
