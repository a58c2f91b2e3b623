#pragma once

// Dialogues as files (tests/dialogues/*.smtp), played against a session in this process. The same
// files are played against a running gateway by tests/dialogues/live. Their language is in
// tests/dialogues/README.md.

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

namespace staffetta::gateway {

struct DialogueStep {
  enum class Kind {
    kSet,      // "@ set key=value", "@ client 192.0.2.7", "@ tls off", "@ whole", …
    kEvent,    // "@ auth down", …
    kSend,     // "C:", "C-", "C#" and "C!"
    kExpect,   // "S:": the next line
    kReply,    // "S+": the next reply, all its lines
    kTls,      // "TLS"
    kClosed,   // "CLOSED"
    kQueued,   // "Q: 2": messages queued by now
    kContent,  // "Q~ regex": in the last one's content
  };
  Kind kind;
  std::string text;  // unescaped in kSend
  int line = 0;
};

// INVALID_ARGUMENT names the line.
absl::StatusOr<std::vector<DialogueStep>> ParseDialogue(std::string_view text);

// Plays it; the reason with its line when it went otherwise. `max_read`: at most so many octets
// reach the session at once.
absl::Status PlayDialogue(const std::vector<DialogueStep>& steps, size_t max_read);

// Whether how the octets arrive matters ("@ whole").
bool IsWhole(const std::vector<DialogueStep>& steps);

}  // namespace staffetta::gateway
