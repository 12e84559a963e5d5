// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/binary_commands.h"

#include <algorithm>
#include <string_view>

#include "base/small_bytes.h"
#include "base/version.h"
#include "command/classic_commands.h"
#include "command/stats.h"
#include "protocol/binary_format.h"
#include "protocol/binary_reply.h"

namespace rat_memcache::command {
namespace {

using cache::CountResult;
using cache::CountStatus;
using cache::DeleteStatus;
using cache::Found;
using cache::ItemView;
using cache::Key;
using cache::PutMode;
using cache::PutRequest;
using cache::PutResult;
using cache::PutStatus;
using observe::Count;
using protocol::Op;
using protocol::Request;
using protocol::binary::AppendError;
using protocol::binary::AppendReply;
using protocol::binary::Opcode;
using protocol::binary::Status;

constexpr uint32_t kDoNotCreate = 0xffffffff;  // as exptime of an increment
constexpr uint8_t kFlagsBytes = 4;             // extras of a hit

Opcode OpcodeOf(const Request& request) { return static_cast<Opcode>(request.binary->opcode); }

bool WantsKey(Opcode opcode) {
  return opcode == Opcode::kGetK || opcode == Opcode::kGetKQ || opcode == Opcode::kGatK ||
         opcode == Opcode::kGatKQ;
}

void Succeed(const Request& request, uint64_t cas, GatherBuffer* out) {
  if (!request.noreply) AppendReply(*request.binary, {.cas = cas}, out);
}
void Fail(const Request& request, Status status, GatherBuffer* out) {
  AppendError(*request.binary, status, out);
}
void Fail(const Request& request, Status status, std::string_view text, GatherBuffer* out) {
  AppendReply(*request.binary, {.status = status, .value = text}, out);
}

// The reply to a hit. What lies in the buffer counts when it is committed; a pinned value commits
// itself. Returns the bytes to commit.
size_t WriteHit(const Request& request, const ItemView& item, GatherBuffer* out) {
  const Opcode opcode = OpcodeOf(request);
  const std::string_view key = WantsKey(opcode) ? request.key : std::string_view();
  const uint32_t size = opcode == Opcode::kTouch ? 0 : item.value_size();
  const bool pinned = size >= ItemView::kPinnedFrom;
  const size_t head = protocol::binary::kHeaderBytes + kFlagsBytes + key.size();
  char* const begin = out->Reserve(head + (pinned ? 0 : size));
  char* at = protocol::binary::WriteHeader(
      begin, {.opcode = request.binary->opcode,
              .key_bytes = static_cast<uint16_t>(key.size()),
              .extras_bytes = kFlagsBytes,
              .body_bytes = static_cast<uint32_t>(kFlagsBytes + key.size() + size),
              .opaque = request.binary->opaque,
              .cas = item.cas()});
  at = protocol::binary::WriteBig(at, item.client_flags());
  if (!key.empty()) CopyBytes(at, key.data(), key.size());
  if (pinned) {
    out->Commit(head);
    item.PinValueInto(out);
    return 0;
  }
  if (size > 0) item.CopyValueTo(at + key.size());
  return head + size;
}

// Sub-commands of `stats` that memcached has for text only, and its abbreviations.
bool IsForTextOnly(std::string_view arguments) {
  const std::string_view word = arguments.substr(0, arguments.find(' '));
  for (const std::string_view text : {"cachedump", "conns", "sizes_disable", "sizes_enable"}) {
    if (text == word) return true;
  }
  for (const std::string_view whole :
       {"cachedump", "conns", "detail", "items", "reset", "settings", "sizes", "slabs"}) {
    if (whole != word && whole.starts_with(word)) return true;
  }
  return false;
}

}  // namespace

After BinaryCommands::Execute(const Request& request, const Key& key, GatherBuffer* out) {
  switch (request.op) {
    case Op::kGet:
    case Op::kGat:
    case Op::kTouch:
      Retrieve(request, key, out);
      break;
    case Op::kDelete:
      Delete(request, key, out);
      break;
    case Op::kIncr:
    case Op::kDecr:
      ChangeNumber(request, key, out);
      break;
    case Op::kFlushAll:
      FlushAll(request, out);
      break;
    case Op::kNoop:
      Succeed(request, 0, out);
      break;
    case Op::kVersion:
      AppendReply(*request.binary, {.value = kMemcachedVersion}, out);
      break;
    case Op::kStats:
      Stat(request, out);
      break;
    case Op::kQuit:
      Succeed(request, 0, out);
      return After::kClose;
    default:  // kReject
      Fail(request, static_cast<Status>(request.binary->refusal), out);
      return request.binary->closes ? After::kClose : After::kGoOn;
  }
  return After::kGoOn;
}

void BinaryCommands::Retrieve(const Request& request, const Key& key, GatherBuffer* out) {
  // May run several times (store/shard.h): what it writes counts only when it is committed below.
  size_t written = 0;
  ThreadContext::Hit hit;
  const auto reply = [&](const ItemView& item) {
    hit.Note(item);
    written = WriteHit(request, item, out);
  };
  Found found;
  if (request.op == Op::kGet) {
    found = context_->cache->Get(key, reply);
    context_->NoteGet(request.key, found, hit);
  } else {
    found = context_->cache->GetAndTouch(key, context_->Exptime(request.exptime), reply);
    context_->NoteTouch(request.key, found, hit);
  }
  if (context_->shared->prefixes->enabled() && request.op != Op::kTouch) {
    context_->shared->prefixes->CountGet(request.key, found == Found::kHit);
  }
  if (found == Found::kHit) return out->Commit(written);
  if (request.noreply) return;
  if (!WantsKey(OpcodeOf(request))) return Fail(request, Status::kNotFound, out);
  AppendReply(*request.binary, {.status = Status::kNotFound, .key = request.key}, out);
}

void BinaryCommands::Delete(const Request& request, const Key& key, GatherBuffer* out) {
  cache::DeleteRequest removal{.key = key};
  if (request.binary->cas != 0) removal.compare_cas = request.binary->cas;
  const cache::DeleteResult result = context_->cache->Delete(removal);
  context_->NoteDelete(request.key, result, "delete");
  if (context_->shared->prefixes->enabled()) context_->shared->prefixes->CountDelete(request.key);
  switch (result.status) {
    case DeleteStatus::kDone:
      return Succeed(request, 0, out);
    case DeleteStatus::kNotFound:
      return Fail(request, Status::kNotFound, out);
    case DeleteStatus::kExists:
      return Fail(request, Status::kExists, out);
    case DeleteStatus::kNoMemory:
      return Fail(request, Status::kNoMemory, out);
  }
}

void BinaryCommands::ChangeNumber(const Request& request, const Key& key, GatherBuffer* out) {
  const bool up = request.op == Op::kIncr;
  cache::CountRequest count{.key = key,
                            .delta = request.number,
                            .direction = up ? cache::Direction::kUp : cache::Direction::kDown};
  if (request.binary->cas != 0) count.compare_cas = request.binary->cas;
  if (request.exptime != kDoNotCreate) {
    count.create = {.number = request.binary->initial,
                    .exptime = context_->Exptime(request.exptime)};
  }
  const CountResult result = context_->cache->Count(count);
  context_->NoteNumber(request.key, result, up);
  switch (result.status) {
    case CountStatus::kCounted:
      break;
    case CountStatus::kCreated:  // neither hit nor miss, says memcached
      break;
    case CountStatus::kNotFound:
      return Fail(request, Status::kNotFound, out);
    case CountStatus::kExists:
      return Fail(request, Status::kExists, out);
    case CountStatus::kNotANumber:
      return Fail(request, Status::kNotANumber, out);
    case CountStatus::kNoMemory:
      return Fail(
          request, Status::kNoMemory,
          count.create ? "Out of memory allocating new item" : "Out of memory incrementing value",
          out);
  }
  if (request.noreply) return;
  char number[sizeof result.value];
  protocol::binary::WriteBig(number, result.value);
  AppendReply(*request.binary, {.value = {number, sizeof number}, .cas = result.cas}, out);
}

void BinaryCommands::FlushAll(const Request& request, GatherBuffer* out) {
  if (!context_->shared->options->flush_enabled) return Fail(request, Status::kAuthFailure, out);
  context_->counters->Add(Count::kCmdFlush);
  FlushAt(*context_, request.exptime);
  Succeed(request, 0, out);
}

void BinaryCommands::Stat(const Request& request, GatherBuffer* out) {
  if (!request.value.empty() && IsForTextOnly(request.value)) {
    return Fail(request, Status::kNotFound, out);
  }
  StatLines lines(out, *request.binary);
  AppendStats(*context_->shared, request.value, &lines);
}

bool binary::IsCas(const Request& request) {
  return request.binary->cas != 0 && request.op != Op::kAppend && request.op != Op::kPrepend;
}

void binary::FillPut(const Request& request, PutRequest* put) {
  if (request.binary->cas == 0) return;
  put->compare_cas = request.binary->cas;
  // There is an item then, whatever add and replace would say to that.
  if (IsCas(request)) put->mode = PutMode::kSet;
}

void binary::AnswerPut(const Request& request, PutResult result, GatherBuffer* out) {
  const bool extends = request.op == Op::kAppend || request.op == Op::kPrepend;
  switch (result.status) {
    case PutStatus::kStored:
      return Succeed(request, result.cas, out);
    case PutStatus::kExists:
      return Fail(request, Status::kExists, out);
    case PutStatus::kNotFound:
      return Fail(request, extends ? Status::kNotStored : Status::kNotFound, out);
    default:  // kNotStored; kTooLarge of an append, for which memcached has the same word
      return Fail(request,
                  extends                      ? Status::kNotStored
                  : request.op == Op::kReplace ? Status::kNotFound
                                               : Status::kExists,
                  out);
  }
}

void binary::AnswerRefusal(const Request& request, PutRefusal why, GatherBuffer* out) {
  switch (why) {
    case PutRefusal::kTooLarge:
      return Fail(request, Status::kTooLarge, out);
    case PutRefusal::kNoMemory:
      return Fail(request, Status::kNoMemory, "Out of memory allocating item", out);
    case PutRefusal::kNoMemoryDuringRead:
      return Fail(request, Status::kNoMemory, "Out of memory during read", out);
  }
}

}  // namespace rat_memcache::command
