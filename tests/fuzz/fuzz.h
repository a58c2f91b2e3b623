#pragma once

// A fuzz target is a FUZZ { … } that uses `input` and CHECKs what must always hold.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/check.h"

#define FUZZ                                                                \
  static void Fuzz(std::string_view input);                                 \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
    Fuzz({reinterpret_cast<const char*>(data), size});                      \
    return 0;                                                               \
  }                                                                         \
  static void Fuzz(std::string_view input)
