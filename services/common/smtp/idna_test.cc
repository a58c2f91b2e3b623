#include "common/smtp/idna.h"

#include <gtest/gtest.h>

namespace staffetta::smtp {
namespace {

TEST(Idna, OneDomain_HasOneForm) {
  for (const char* spelling : {"bücher.example", "BÜCHER.Example", "XN--Bcher-KVA.example"}) {
    EXPECT_EQ(NormalizedDomain(spelling), "xn--bcher-kva.example") << spelling;
  }
  EXPECT_EQ(NormalizedDomain("[IPv6:2001:DB8::1]"), "[ipv6:2001:db8::1]");
  EXPECT_EQ(NormalizedDomain("Under_score.Example"), "under_score.example");
}

TEST(Idna, WhatIsNoDomain_StaysAsItIs) {
  EXPECT_EQ(ToALabels("a\u2063.example"), std::nullopt);
  EXPECT_EQ(NormalizedDomain("A\u2063.example"), "a\u2063.example");
}

TEST(Idna, AddressBecomesAscii_WhenItsLocalPartIs) {
  EXPECT_EQ(ToAsciiAddress("Ann@bücher.example"), "Ann@xn--bcher-kva.example");
  EXPECT_EQ(ToAsciiAddress("postmaster"), "postmaster");
  EXPECT_EQ(ToAsciiAddress("jörg@bücher.example"), std::nullopt);
}

}  // namespace
}  // namespace staffetta::smtp
