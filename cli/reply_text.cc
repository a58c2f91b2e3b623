#include "cli/reply_text.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include <vector>

namespace staffetta::cli {

std::string ReplyText(const mail::v1::Reply& reply) {
  std::vector<std::string> parts;
  if (reply.code() != 0) parts.push_back(absl::StrCat(reply.code()));
  if (!reply.enhanced_code().empty()) parts.push_back(reply.enhanced_code());
  if (!reply.text().empty()) parts.push_back(absl::StrReplaceAll(reply.text(), {{"\n", " "}}));
  if (!reply.host().empty()) parts.push_back(absl::StrCat("(", reply.host(), ")"));
  return absl::StrJoin(parts, " ");
}

std::string ReversePath(const mail::v1::Envelope& envelope) {
  return absl::StrCat("<", envelope.sender(), ">");
}

}  // namespace staffetta::cli
