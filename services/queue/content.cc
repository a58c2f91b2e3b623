#include "queue/content.h"

#include <absl/strings/str_cat.h>
#include <zstd.h>

#include <memory>

#include "common/base/check.h"

namespace staffetta::queue {
namespace {

// A frame that claims more is damaged: no message is that large.
constexpr unsigned long long kLargestContent = 1ULL << 30;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

absl::Status Damaged(const char* why) {
  return absl::DataLossError(absl::StrCat("stored content is damaged: ", why));
}

}  // namespace

std::string CompressContent(std::string_view content, int level) {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string frame(ZSTD_compressBound(content.size()), '\0');
  const size_t size =
      ZSTD_compress2(context.get(), frame.data(), frame.size(), content.data(), content.size());
  CHECK(!ZSTD_isError(size));
  frame.resize(size);
  return frame;
}

absl::StatusOr<std::string> DecompressContent(std::string_view frame) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  const unsigned long long expected = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (expected == ZSTD_CONTENTSIZE_ERROR || expected == ZSTD_CONTENTSIZE_UNKNOWN ||
      expected > kLargestContent) {
    return Damaged("no zstd frame");
  }
  std::string content(expected, '\0');
  const size_t size = ZSTD_decompressDCtx(context.get(), content.data(), content.size(),
                                          frame.data(), frame.size());
  if (ZSTD_isError(size)) return Damaged(ZSTD_getErrorName(size));
  if (size != expected) return Damaged("shorter than it says");
  return content;
}

}  // namespace staffetta::queue
