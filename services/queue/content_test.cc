#include "queue/content.h"

#include <gtest/gtest.h>

namespace staffetta::queue {
namespace {

TEST(Content, ComesBackByteForByte) {
  for (const std::string& content :
       {std::string(), std::string("a"), std::string("x\0y\r\n", 5), std::string(300000, 'z')}) {
    const auto back = DecompressContent(CompressContent(content, 1));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, content);
  }
}

// SPEC Q1: content carries a checksum that is verified when read.
TEST(Content, EveryFlippedByteIsNoticed) {
  std::string content;
  for (int i = 0; i < 400; ++i) content += std::to_string(i * 7919) + "\r\n";
  const std::string frame = CompressContent(content, 1);
  for (size_t i = 0; i < frame.size(); ++i) {
    std::string damaged = frame;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    const auto back = DecompressContent(damaged);
    // A flip in the frame header can be without effect on the content; it never changes it.
    if (back.ok()) {
      EXPECT_EQ(*back, content) << "byte " << i;
    } else {
      EXPECT_EQ(back.status().code(), absl::StatusCode::kDataLoss);
    }
  }
}

TEST(Content, TruncatedOrForeignBytesAreDataLoss) {
  const std::string frame = CompressContent(std::string(5000, 'q'), 1);
  for (const std::string& bytes : {std::string(), std::string("hello"), frame.substr(0, 10),
                                   frame.substr(0, frame.size() - 1)}) {
    EXPECT_EQ(DecompressContent(bytes).status().code(), absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace staffetta::queue
