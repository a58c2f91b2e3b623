#pragma once

namespace staffetta::rpc {

// The largest message between services: a mail of the largest allowed size with room to spare.
inline constexpr int kMaxMessageBytes = 160 << 20;

}  // namespace staffetta::rpc
