#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string_view>

#include "common/base/co.h"
#include "common/net/stream.h"

namespace staffetta::net {

// Reads lines and raw bytes of one stream through one buffer. Confined to the stream's thread. An
// idle reader holds 4 KiB; one that reads much 16 KiB, or what the longest line needs.
class LineReader {
 public:
  // `max_line` bounds a line without its ending.
  LineReader(Stream* stream, size_t max_line);

  struct Line {
    std::string_view text;  // without its ending; valid until the next call
    bool too_long = false;  // text is its beginning, the rest was read and dropped
    bool bare_lf = false;   // it ended with LF alone
  };
  // The next line, ended by LF or CRLF; any other CR is part of the text. The stream's errors; what
  // was buffered before is lost.
  Co<absl::StatusOr<Line>> ReadLine();

  // Whether a whole line is buffered already: the peer pipelines, so replies can wait.
  bool HasLine() const;
  // What is buffered; never blocks. Valid until the next call but Consume.
  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }
  // `bytes` is at most what is buffered.
  void Consume(size_t bytes);
  // Reads at least one more byte into the buffer. The stream's errors; RESOURCE_EXHAUSTED: the
  // buffer is full because nothing was consumed.
  Co<absl::Status> Fill();
  // Forgets what is buffered (STARTTLS).
  void Drop();

 private:
  bool MakeRoom();
  void Enlarge(size_t capacity);
  Line TakeLine(const char* line_feed);
  Co<absl::StatusOr<Line>> SkipLongLine();

  Stream* const stream_;
  const size_t max_line_;
  const size_t max_capacity_;
  size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace staffetta::net
