#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "common/base/co.h"
#include "common/net/stream.h"

namespace staffetta::net {

// Reads lines and raw bytes of one stream through one buffer. Confined to the stream's thread.
class LineReader {
 public:
  // `max_line` bounds a line without its ending.
  LineReader(Stream* stream, size_t max_line);

  struct Line {
    std::string_view text;  // without its ending; valid until the next call
    bool too_long = false;  // text is its beginning, the rest was read and dropped
    bool bare_lf = false;   // it ended with LF alone
  };
  // The next line, ended by LF or CRLF. The stream's errors; what was buffered before is lost.
  Co<absl::StatusOr<Line>> ReadLine();

  // Whether a whole line is buffered already: the peer pipelines, so replies can wait.
  bool HasLine() const;
  // What is buffered; never blocks.
  std::string_view buffered() const;
  void Consume(size_t bytes);
  // Reads at least one more byte into the buffer.
  Co<absl::Status> Fill();
  // Forgets what is buffered (STARTTLS).
  void Drop();

 private:
  Stream* const stream_;
  const size_t max_line_;
  std::string buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace staffetta::net
