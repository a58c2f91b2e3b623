#include "common/base/config.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/message.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <set>

#include "common/base/check.h"
#include "common/base/config_rules.h"
#include "common/base/text.h"
#include "common/base/units.h"

namespace staffetta {
namespace {

using config::v1::Config;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

// "did you mean ports?", or all that is known there.
std::string Unknown(const Descriptor& section, const std::string& key) {
  std::vector<std::string> known;
  for (int i = 0; i < section.field_count(); ++i) known.push_back(section.field(i)->name());
  const auto distance = [&key](const std::string& name) { return EditDistance(key, name); };
  const std::string& nearest =
      *std::min_element(known.begin(), known.end(),
                        [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
  if (distance(nearest) <= std::max<size_t>(2, key.size() / 3)) {
    return absl::StrCat("unknown key; did you mean ", nearest, "?");
  }
  return absl::StrCat("unknown key; known are ", absl::StrJoin(known, ", "));
}

absl::Status Unreadable(const std::string& path) {
  return absl::NotFoundError(absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
}

std::string Joined(const std::string& section, const std::string& key) {
  return section.empty() ? key : absl::StrCat(section, ".", key);
}

// Puts YAML into the messages of a Config and remembers where each key was set.
class Loader {
 public:
  absl::Status ReadFile(const std::string& path);
  absl::Status Apply(const Override& override);
  absl::StatusOr<Config> Finish();

 private:
  absl::Status Fail(const std::string& where, const std::string& key, std::string_view why) const {
    return absl::InvalidArgumentError(
        absl::StrCat(where, key, key.empty() ? "" : ": ", ToAbsl(why)));
  }
  // "FILE:LINE: ", or "--set " while an override is applied.
  std::string Where(const YAML::Node& node) const {
    if (file_.empty()) return "--set ";
    return absl::StrCat(file_, ":", node.Mark().is_null() ? 1 : node.Mark().line + 1, ": ");
  }

  absl::Status ReadSection(const YAML::Node& node, const std::string& key, Message* section);
  absl::Status ReadField(const YAML::Node& node, const FieldDescriptor& field,
                         const std::string& key, Message* section);
  absl::Status ReadList(const YAML::Node& node, const FieldDescriptor& field,
                        const std::string& key, Message* section);
  absl::Status ReadScalar(const YAML::Node& node, const FieldDescriptor& field,
                          const std::string& key, Message* section);
  absl::Status SetScalar(const std::string& where, const std::string& text,
                         const FieldDescriptor& field, const std::string& key, Message* section);
  absl::Status SetText(const std::string& where, const std::string& text,
                       const FieldDescriptor& field, const std::string& key, Message* section);

  Config config_;
  std::string file_;                           // empty: not reading a file
  std::filesystem::path directory_;            // where relative paths start
  std::map<std::string, std::string> origin_;  // key → "FILE:LINE: " or "--set "
};

absl::Status Loader::ReadFile(const std::string& path) {
  file_ = path;
  directory_ = std::filesystem::path(path).parent_path();
  std::string content;
  try {
    std::ifstream in(path);
    if (!in) return Unreadable(path);
    content.assign(std::istreambuf_iterator<char>(in), {});
  } catch (const std::ios_base::failure&) {  // a directory, or a broken disk
    return Unreadable(path);
  }
  // yaml-cpp takes a quoted text that the end of the file cuts off as whole; a comment at the very
  // end means nothing elsewhere, and inside of quotes makes it see the missing one.
  content += "\n#";
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(content);
    if (documents.size() > 1) {
      return Fail(Where(documents[1]), "", "a second document begins; write one only");
    }
    if (documents.empty()) return absl::OkStatus();
    return ReadSection(documents[0], "", &config_);
  } catch (const YAML::Exception& e) {
    return Fail(absl::StrCat(path, ":", e.mark.line + 1, ": "), "", e.msg);
  }
}

absl::Status Loader::Apply(const Override& override) {
  file_.clear();
  directory_.clear();
  Message* section = &config_;
  std::string key;
  const std::vector<std::string> names = absl::StrSplit(override.key, '.');
  for (size_t i = 0; i < names.size(); ++i) {
    key = Joined(key, names[i]);
    const FieldDescriptor* field = section->GetDescriptor()->FindFieldByName(names[i]);
    if (field == nullptr) {
      return Fail("--set ", key, Unknown(*section->GetDescriptor(), names[i]));
    }
    const bool is_section = field->type() == FieldDescriptor::TYPE_MESSAGE;
    if (i + 1 < names.size()) {
      if (field->is_repeated()) return Fail("--set ", key, "is a list; set it as a whole");
      if (!is_section) return Fail("--set ", key, "is a value; it has no keys below it");
      section = section->GetReflection()->MutableMessage(section, field);
    } else if (!is_section && !field->is_repeated()) {
      return SetScalar("--set ", override.value, *field, key, section);
    } else {
      try {
        return ReadField(YAML::Load(override.value), *field, key, section);
      } catch (const YAML::Exception& e) {
        return Fail("--set ", key, e.msg);
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Config> Loader::Finish() {
  const Conflict conflict = FindConflict(config_);
  if (conflict.why.empty()) return std::move(config_);
  return Fail(origin_[conflict.key], conflict.key, conflict.why);
}

absl::Status Loader::ReadSection(const YAML::Node& node, const std::string& key, Message* section) {
  if (node.IsNull()) return absl::OkStatus();
  if (!node.IsMap()) return Fail(Where(node), key, "must be a section: keys with values");
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return Fail(Where(entry.first), key, "has a key that is no word");
    const std::string& name = entry.first.Scalar();
    const std::string full = Joined(key, name);
    const FieldDescriptor* field = section->GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) {
      return Fail(Where(entry.first), full, Unknown(*section->GetDescriptor(), name));
    }
    if (!seen.insert(name).second) return Fail(Where(entry.first), full, "stands here twice");
    origin_[full] = Where(entry.first);
    if (absl::Status read = ReadField(entry.second, *field, full, section); !read.ok()) {
      return read;
    }
  }
  return absl::OkStatus();
}

absl::Status Loader::ReadField(const YAML::Node& node, const FieldDescriptor& field,
                               const std::string& key, Message* section) {
  if (field.is_repeated()) return ReadList(node, field, key, section);
  if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
    return ReadSection(node, key, section->GetReflection()->MutableMessage(section, &field));
  }
  return ReadScalar(node, field, key, section);
}

absl::Status Loader::ReadList(const YAML::Node& node, const FieldDescriptor& field,
                              const std::string& key, Message* section) {
  section->GetReflection()->ClearField(section, &field);
  if (node.IsNull()) return absl::OkStatus();
  if (!node.IsSequence()) return Fail(Where(node), key, "must be a list, like [a, b]");
  for (size_t i = 0; i < node.size(); ++i) {
    const YAML::Node element = node[i];
    const std::string full = absl::StrCat(key, "[", i, "]");
    origin_[full] = Where(element);
    const absl::Status read =
        field.type() == FieldDescriptor::TYPE_MESSAGE
            ? ReadSection(element, full, section->GetReflection()->AddMessage(section, &field))
            : ReadScalar(element, field, full, section);
    if (!read.ok()) return read;
  }
  return absl::OkStatus();
}

absl::Status Loader::ReadScalar(const YAML::Node& node, const FieldDescriptor& field,
                                const std::string& key, Message* section) {
  // Nothing stands behind the colon: its place is the key's.
  if (node.IsNull())
    return Fail(origin_[key], key, "has no value; leave the key out or write \"\"");
  if (!node.IsScalar()) return Fail(Where(node), key, "must be a single value");
  return SetScalar(Where(node), node.Scalar(), field, key, section);
}

absl::Status Loader::SetScalar(const std::string& where, const std::string& text,
                               const FieldDescriptor& field, const std::string& key,
                               Message* section) {
  origin_[key] = where;
  const auto* reflection = section->GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") {
        return Fail(where, key, absl::StrCat("\"", text, "\" is neither true nor false"));
      }
      reflection->SetBool(section, &field, text == "true");
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64: {
      const bool narrow = field.cpp_type() == FieldDescriptor::CPPTYPE_INT32;
      int64_t number = 0;
      int32_t small = 0;
      if (!absl::SimpleAtoi(text, &number) || (narrow && !absl::SimpleAtoi(text, &small))) {
        return Fail(where, key, absl::StrCat("\"", text, "\" is not a whole number"));
      }
      if (const absl::Status good = CheckNumber(field, number); !good.ok()) {
        return Fail(where, key, ToStd(good.message()));
      }
      if (narrow) {
        reflection->SetInt32(section, &field, small);
      } else {
        reflection->SetInt64(section, &field, number);
      }
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return SetText(where, text, field, key, section);
    default:
      CHECK(!"config.proto uses a type that the loader does not read");
      return absl::OkStatus();
  }
}

absl::Status Loader::SetText(const std::string& where, const std::string& text,
                             const FieldDescriptor& field, const std::string& key,
                             Message* section) {
  if (const absl::Status good = CheckText(field, text); !good.ok()) {
    return Fail(where, key, ToStd(good.message()));
  }
  const auto* reflection = section->GetReflection();
  if (text.empty() && !field.is_repeated()) {
    reflection->ClearField(section, &field);
    return absl::OkStatus();
  }
  std::string value = text;
  if (KindOf(field) == config::v1::KIND_FILE) {
    std::error_code error;
    value = std::filesystem::absolute(directory_ / text, error).lexically_normal().string();
    if (error) return Fail(where, key, error.message());
  }
  if (field.is_repeated()) {
    reflection->AddString(section, &field, std::move(value));
  } else {
    reflection->SetString(section, &field, std::move(value));
  }
  return absl::OkStatus();
}

void Emit(const Message& section, YAML::Emitter* out);

// `index` counts in a list; -1: the field is no list.
void EmitValue(const Message& section, const FieldDescriptor& field, int index,
               YAML::Emitter* out) {
  const auto* reflection = section.GetReflection();
  const bool listed = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      *out << reflection->GetBool(section, &field);
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      *out << reflection->GetInt32(section, &field);
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      *out << reflection->GetInt64(section, &field);
      return;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      Emit(listed ? reflection->GetRepeatedMessage(section, &field, index)
                  : reflection->GetMessage(section, &field),
           out);
      return;
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = listed ? reflection->GetRepeatedString(section, &field, index)
                                : reflection->GetString(section, &field);
      if (KindOf(field) == config::v1::KIND_SECRET && !text.empty()) text = "[set]";
      *out << text;
      return;
    }
    default:
      CHECK(!"config.proto uses a type that the loader does not read");
  }
}

void Emit(const Message& section, YAML::Emitter* out) {
  *out << YAML::BeginMap;
  const Descriptor& descriptor = *section.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    *out << YAML::Key << field.name() << YAML::Value;
    if (!field.is_repeated()) {
      EmitValue(section, field, -1, out);
      continue;
    }
    const int size = section.GetReflection()->FieldSize(section, &field);
    if (size == 0) *out << YAML::Flow;
    *out << YAML::BeginSeq;
    for (int k = 0; k < size; ++k) EmitValue(section, field, k, out);
    *out << YAML::EndSeq;
  }
  *out << YAML::EndMap;
}

}  // namespace

absl::StatusOr<Config> LoadConfig(const std::string& path, const std::vector<Override>& overrides) {
  Loader loader;
  if (!path.empty()) {
    if (absl::Status read = loader.ReadFile(path); !read.ok()) return read;
  }
  for (const Override& override : overrides) {
    if (absl::Status applied = loader.Apply(override); !applied.ok()) return applied;
  }
  return loader.Finish();
}

std::string EffectiveYaml(const Config& config) {
  YAML::Emitter out;
  Emit(config, &out);
  return absl::StrCat(out.c_str(), "\n");
}

absl::Duration DurationOf(const std::string& value) {
  const absl::StatusOr<absl::Duration> duration = ParseDuration(value);
  CHECK(duration.ok());
  return *duration;
}

int64_t BytesOf(const std::string& value) {
  const absl::StatusOr<int64_t> bytes = ParseBytes(value);
  CHECK(bytes.ok());
  return *bytes;
}

}  // namespace staffetta
