#include "common/redis/reply_reader.h"

#include <hiredis/read.h>

#include <new>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace staffetta::redis {

// What hiredis calls to build a reply. The root of a reply is always the reader's own Value, and
// the elements of an array exist before they are read, so that nothing is allocated twice.
struct ReplyBuilder {
  static Value* Place(const redisReadTask* task) {
    if (task->parent == nullptr) return static_cast<Value*>(task->privdata);
    auto& elements = std::get<std::vector<Value>>(static_cast<Value*>(task->parent->obj)->data_);
    return &elements[static_cast<size_t>(task->idx)];
  }
  static void* OnString(const redisReadTask* task, char* bytes, size_t size) {
    Value* place = Place(task);
    std::string text(bytes, size);
    if (task->type == REDIS_REPLY_ERROR) {
      *place = Value::Error(std::move(text));
    } else if (task->type == REDIS_REPLY_STATUS) {
      *place = Value::Status(std::move(text));
    } else {
      *place = Value::String(std::move(text));
    }
    return place;
  }
  static void* OnArray(const redisReadTask* task, int size) {
    Value* place = Place(task);
    *place = Value::Array(std::vector<Value>(static_cast<size_t>(size)));
    return place;
  }
  static void* OnInteger(const redisReadTask* task, long long number) {
    Value* place = Place(task);
    *place = Value::Integer(number);
    return place;
  }
  static void* OnNil(const redisReadTask* task) {
    Value* place = Place(task);
    *place = Value();
    return place;
  }
  static void OnFree(void*) {}  // the root belongs to the ReplyReader
};

namespace {

redisReplyObjectFunctions functions = {&ReplyBuilder::OnString, &ReplyBuilder::OnArray,
                                       &ReplyBuilder::OnInteger, &ReplyBuilder::OnNil,
                                       &ReplyBuilder::OnFree};

// What hiredis keeps of an emptied buffer.
constexpr size_t kKeptBuffer = 256 * 1024;

}  // namespace

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader()
    : root_(std::make_unique<Value>()), reader_(redisReaderCreateWithFunctions(&functions)) {
  if (reader_ == nullptr) throw std::bad_alloc();
  reader_->privdata = root_.get();
  reader_->maxbuf = kKeptBuffer;
}

void ReplyReader::Feed(const char* bytes, size_t size) {
  redisReaderFeed(reader_.get(), bytes, size);  // a failure shows in Next()
}

absl::StatusOr<std::optional<Value>> ReplyReader::Next() {
  void* reply = nullptr;
  if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
    return absl::InternalError(absl::StrCat("not a Redis reply: ", reader_->errstr));
  }
  if (reply == nullptr) return std::nullopt;
  return std::exchange(*root_, Value());
}

}  // namespace staffetta::redis
