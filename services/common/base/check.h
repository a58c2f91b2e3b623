#pragma once

#include <cstdio>
#include <cstdlib>

// An invariant of our own code; input from outside never gets here. Ends the process: what is
// durable survives, what is not was never acknowledged.
#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
