#pragma once

#include <string>
#include <vector>

#include "common/redis/client.h"

namespace staffetta::queue {

// For tests: reads all keys of a partition and says which invariants of DESIGN §4 do not hold
// (I1, I2, I5 and that a lane is in its turn exactly while it is not empty). Empty: all hold.
Co<std::vector<std::string>> BrokenInvariants(redis::Client* client, std::string tag);

}  // namespace staffetta::queue
