// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/executor.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/version.h"
#include "command/exptime.h"
#include "command/stats.h"
#include "protocol/ascii_reply.h"
#include "store/item_size.h"

namespace rat_memcache::command {
namespace {

namespace ascii = protocol::ascii;
using cache::CountStatus;
using cache::Found;
using cache::Key;
using cache::PutMode;
using cache::PutStatus;
using observe::Count;
using protocol::Op;
using protocol::Request;

void Say(bool noreply, std::string_view text, GatherBuffer* out) {
  if (!noreply) out->Append(text);
}

PutMode ModeOf(Op op) {
  switch (op) {
    case Op::kAdd:
      return PutMode::kAdd;
    case Op::kReplace:
      return PutMode::kReplace;
    case Op::kAppend:
      return PutMode::kAppend;
    case Op::kPrepend:
      return PutMode::kPrepend;
    default:  // kSet, kCas
      return PutMode::kSet;
  }
}

}  // namespace

uint32_t Executor::Exptime(int32_t exptime) const {
  return ResolveExptime(exptime, cache_->Now(), context_->unix_at_zero);
}

Executor::After Executor::Run(protocol::RequestBatch* batch, Session* session, GatherBuffer* out) {
  const size_t size = batch->size();
  const bool log = context_->log->enabled(observe::Level::kDetail);
  if (size == 1) {
    const Request& request = (*batch)[0];
    if (log) LogRequest(request);
    if (!request.key.empty()) keys_[0] = cache_->MakeKey(request.key);
    return Execute(request, keys_[0], session, out);
  }
  for (size_t begin = 0; begin < size; begin += kWave) {
    const size_t end = std::min(size, begin + kWave);
    for (size_t i = begin; i < end; ++i) {
      if (!(*batch)[i].key.empty()) {
        keys_[i] = cache_->MakeKey((*batch)[i].key);
        cache_->PrefetchBucket(&keys_[i]);
      }
    }
    for (size_t i = begin; i < end; ++i) {
      if (!(*batch)[i].key.empty()) cache_->PrefetchItem(keys_[i]);
    }
    for (size_t i = begin; i < end; ++i) {
      if (log) LogRequest((*batch)[i]);
      if (Execute((*batch)[i], keys_[i], session, out) == After::kClose) return After::kClose;
    }
  }
  return After::kGoOn;
}

Executor::After Executor::Execute(const Request& request, const Key& key, Session* session,
                                  GatherBuffer* out) {
  switch (request.op) {
    case Op::kGet:
    case Op::kGets:
    case Op::kGat:
    case Op::kGats:
      Retrieve(request, key, out);
      break;
    case Op::kSet:
    case Op::kAdd:
    case Op::kReplace:
    case Op::kAppend:
    case Op::kPrepend:
    case Op::kCas:
      Store(request, key, session, out);
      break;
    case Op::kDelete:
      Delete(request, key, out);
      break;
    case Op::kIncr:
    case Op::kDecr:
      ChangeNumber(request, key, out);
      break;
    case Op::kTouch:
      Touch(request, key, out);
      break;
    case Op::kFlushAll:
      FlushAll(request, out);
      break;
    case Op::kStats:
      AppendStats(*context_, request.value, out);
      break;
    case Op::kVersion:
      out->Append("VERSION ");
      out->Append(kMemcachedVersion);
      out->Append("\r\n");
      break;
    case Op::kVerbosity:
      context_->log->set_verbosity(static_cast<int>(std::min<uint64_t>(request.number, 2)));
      Say(request.noreply, ascii::kOk, out);
      break;
    case Op::kCacheMemlimit:
      SetMemoryLimit(request, out);
      break;
    case Op::kLru:
      SetEviction(request, out);
      break;
    case Op::kBody:
      TakeBody(request.value, session);
      break;
    case Op::kBodyEnd:
      EndBody(request.well_formed, session, out);
      break;
    case Op::kReject:
      // memcached counts a store when its data has come, whether or not it is framed well.
      if (request.reject == protocol::Reject::kBadChunk) counters_->Add(Count::kCmdSet);
      Say(request.noreply, ascii::TextOf(request.reject), out);
      break;
    case Op::kQuit:
      return After::kClose;
  }
  return After::kGoOn;
}

void Executor::Retrieve(const Request& request, const Key& key, GatherBuffer* out) {
  const bool with_cas = request.op == Op::kGets || request.op == Op::kGats;
  // May run several times (store/shard.h): what it writes counts only when it is committed below.
  size_t written = 0;
  int pool = 0;
  const auto reply = [&](const cache::ItemView& item) {
    pool = item.pool();
    const uint32_t size = item.value_size();
    const bool pinned = size >= cache::ItemView::kPinnedFrom;
    char* const begin =
        out->Reserve(ascii::ValueLineMax(request.key.size()) + (pinned ? 0 : size) + 2);
    char* at = ascii::WriteValueLine(begin, request.key, item.client_flags(), size,
                                     with_cas ? std::optional(item.cas()) : std::nullopt);
    if (pinned) {
      out->Commit(static_cast<size_t>(at - begin));
      item.PinValueInto(out);
      ascii::WriteEndOfLine(out->Reserve(2));
      written = 2;
      return;
    }
    item.CopyValueTo(at);
    at = ascii::WriteEndOfLine(at + size);
    written = static_cast<size_t>(at - begin);
  };
  Found found;
  if (request.op == Op::kGat || request.op == Op::kGats) {
    found = cache_->GetAndTouch(key, Exptime(request.exptime), reply);
    counters_->Add(Count::kCmdTouch);
    counters_->Add(found == Found::kHit ? Count::kTouchHits : Count::kTouchMisses);
  } else {
    found = cache_->Get(key, reply);
    counters_->Add(Count::kCmdGet);
    counters_->Add(found == Found::kHit ? Count::kGetHits : Count::kGetMisses);
    if (found == Found::kHit) counters_->Add(observe::CountOfPool(pool));
    if (found == Found::kExpired) counters_->Add(Count::kGetExpired);
    if (found == Found::kFlushed) counters_->Add(Count::kGetFlushed);
  }
  if (found == Found::kHit) out->Commit(written);
  if (request.ends_line) out->Append(ascii::kEnd);
}

cache::PutRequest Executor::PutRequestFor(const Request& request, const Key& key) const {
  cache::PutRequest put{.key = key,
                        .mode = ModeOf(request.op),
                        .value = request.value,
                        .client_flags = request.client_flags,
                        .exptime = Exptime(request.exptime)};
  if (request.op == Op::kCas) put.compare_cas = request.number;
  return put;
}

void Executor::Store(const Request& request, const Key& key, Session* session, GatherBuffer* out) {
  const size_t item_size = store::MemcachedItemSize(
      request.key.size(), request.client_flags, request.value_size, context_->options->cas_enabled);
  const bool too_large = item_size > context_->options->item_size_max;
  if (request.streamed) return BeginBody(request, key, too_large, session);
  if (too_large) {
    RefusePut(request.op, key, ascii::kTooLarge);
    return Say(request.noreply, ascii::kTooLarge, out);
  }
  counters_->Add(Count::kCmdSet);
  const cache::PutResult result = cache_->Put(PutRequestFor(request, key));
  AnswerPut(request.op, request.noreply, key, result.status, out);
}

void Executor::AnswerPut(Op op, bool noreply, const Key& key, PutStatus status, GatherBuffer* out) {
  if (op == Op::kCas) {
    if (status == PutStatus::kStored) counters_->Add(Count::kCasHits);
    if (status == PutStatus::kExists) counters_->Add(Count::kCasBadval);
    if (status == PutStatus::kNotFound) counters_->Add(Count::kCasMisses);
  }
  switch (status) {
    case PutStatus::kStored:
      return Say(noreply, ascii::kStored, out);
    case PutStatus::kNotStored:
    case PutStatus::kTooLarge:  // of append and prepend: memcached's word for it
      return Say(noreply, ascii::kNotStored, out);
    case PutStatus::kExists:
      return Say(noreply, ascii::kExists, out);
    case PutStatus::kNotFound:
      return Say(noreply, ascii::kNotFound, out);
    case PutStatus::kNoMemory:
      RefusePut(op, key, ascii::kNoMemoryToStore);
      return Say(noreply, ascii::kNoMemoryToStore, out);
  }
}

// A set that fails takes the old value with it, so that nobody goes on reading what was to be
// replaced.
void Executor::RefusePut(Op op, const Key& key, std::string_view why) {
  counters_->Add(why == ascii::kTooLarge ? Count::kStoreTooLarge : Count::kStoreNoMemory);
  if (op == Op::kSet) (void)cache_->Delete(key);
}

void Executor::BeginBody(const Request& request, const Key& key, bool too_large, Session* session) {
  session->incoming_ = std::make_unique<Session::Incoming>(Session::Incoming{
      .op = request.op, .noreply = request.noreply, .key = std::string(request.key)});
  if (too_large) return GiveUpBody(session, ascii::kTooLarge);
  session->incoming_->upload = cache_->BeginUpload(PutRequestFor(request, key), request.value_size);
  if (!session->incoming_->upload->Append({})) GiveUpBody(session, ascii::kNoMemoryToStore);
}

// What is left of the value is dropped as it comes; the client hears why behind its end.
void Executor::GiveUpBody(Session* session, std::string_view why) {
  Session::Incoming& incoming = *session->incoming_;
  incoming.upload.reset();
  incoming.refusal = why;
  RefusePut(incoming.op, cache_->MakeKey(incoming.key), why);
}

void Executor::TakeBody(std::string_view bytes, Session* session) {
  cache::Upload* const upload = session->incoming_->upload.get();
  if (upload != nullptr && !upload->Append(bytes)) {
    GiveUpBody(session, ascii::kNoMemoryDuringRead);
  }
}

void Executor::EndBody(bool framed_well, Session* session, GatherBuffer* out) {
  const std::unique_ptr<Session::Incoming> incoming = std::move(session->incoming_);
  if (incoming->upload == nullptr) return Say(incoming->noreply, incoming->refusal, out);
  counters_->Add(Count::kCmdSet);
  if (!framed_well) {
    return Say(incoming->noreply, ascii::TextOf(protocol::Reject::kBadChunk), out);
  }
  const cache::PutResult result = incoming->upload->Commit();
  AnswerPut(incoming->op, incoming->noreply, cache_->MakeKey(incoming->key), result.status, out);
}

void Executor::Delete(const Request& request, const Key& key, GatherBuffer* out) {
  const bool hit = cache_->Delete(key) == Found::kHit;
  counters_->Add(hit ? Count::kDeleteHits : Count::kDeleteMisses);
  Say(request.noreply, hit ? ascii::kDeleted : ascii::kNotFound, out);
}

void Executor::ChangeNumber(const Request& request, const Key& key, GatherBuffer* out) {
  const bool up = request.op == Op::kIncr;
  const cache::CountResult result =
      cache_->Count(key, request.number, up ? cache::Direction::kUp : cache::Direction::kDown);
  switch (result.status) {
    case CountStatus::kCounted:
      counters_->Add(up ? Count::kIncrHits : Count::kDecrHits);
      if (!request.noreply) ascii::AppendNumber(out, result.value);
      return;
    case CountStatus::kNotFound:
      counters_->Add(up ? Count::kIncrMisses : Count::kDecrMisses);
      return Say(request.noreply, ascii::kNotFound, out);
    case CountStatus::kNotANumber:
      return Say(request.noreply, ascii::kNotANumber, out);
    case CountStatus::kNoMemory:
      return Say(request.noreply, ascii::kNoMemory, out);
  }
}

void Executor::Touch(const Request& request, const Key& key, GatherBuffer* out) {
  const bool hit = cache_->Touch(key, Exptime(request.exptime)) == Found::kHit;
  counters_->Add(Count::kCmdTouch);
  counters_->Add(hit ? Count::kTouchHits : Count::kTouchMisses);
  Say(request.noreply, hit ? ascii::kTouched : ascii::kNotFound, out);
}

void Executor::FlushAll(const Request& request, GatherBuffer* out) {
  counters_->Add(Count::kCmdFlush);
  if (!context_->options->flush_enabled) {
    return Say(request.noreply, ascii::kFlushNotAllowed, out);
  }
  if (!request.well_formed) {
    return Say(request.noreply, ascii::TextOf(protocol::Reject::kBadExptime), out);
  }
  if (request.exptime > 0) {
    // memcached flushes a second early: what was last stored in the second before the one named is
    // the last to go.
    cache_->FlushAt(Exptime(request.exptime) - 1);
  } else {
    cache_->Flush();
  }
  Say(request.noreply, ascii::kOk, out);
}

void Executor::SetMemoryLimit(const Request& request, GatherBuffer* out) {
  constexpr uint64_t kMegabytesMin = 8;
  constexpr uint64_t kMegabytesMax = 1'000'000'000;
  const uint64_t megabytes = request.number;
  const auto answer = [&](std::string_view text) { Say(request.noreply, text, out); };
  if (megabytes < kMegabytesMin) return answer(ascii::kMemlimitTooSmall);
  if (megabytes > kMegabytesMax) return answer(ascii::kMemlimitInBytes);
  if (!cache_->SetMemoryLimit(megabytes << 20)) return answer(ascii::kMemlimitOutOfBounds);
  context_->log->Write(observe::Level::kInfo, "rat_memcached: the memory limit is now " +
                                                  std::to_string(megabytes) + " MiB");
  answer(ascii::kOk);
}

// `lru eviction NAME`, a word of ours: memcached's own belong to its lists.
void Executor::SetEviction(const Request& request, GatherBuffer* out) {
  constexpr std::string_view kWord = "eviction ";
  constexpr std::string_view kNoreply = " noreply";
  std::string_view words = request.value;
  const bool noreply = words.ends_with(kNoreply);
  if (noreply) words.remove_suffix(kNoreply.size());
  if (!words.starts_with(kWord)) return Say(noreply, ascii::kError, out);
  const auto strategy = config::ParseEvictionStrategy(words.substr(kWord.size()));
  if (!strategy) {
    return Say(noreply,
               "CLIENT_ERROR unknown eviction strategy; there are " +
                   config::EvictionStrategyNames() + "\r\n",
               out);
  }
  cache_->SetEviction(*strategy);
  context_->log->Write(observe::Level::kInfo, "rat_memcached: the eviction strategy is now " +
                                                  std::string(config::NameOf(*strategy)));
  Say(noreply, ascii::kOk, out);
}

void Executor::LogRequest(const Request& request) const {
  if (request.op >= Op::kBody) return;
  std::string line = "<";
  line += protocol::WordOf(request.op);
  if (!request.key.empty()) line.append(" ").append(request.key);
  if (protocol::IsStorage(request.op)) line += " " + std::to_string(request.value_size);
  context_->log->Write(observe::Level::kDetail, line);
}

}  // namespace rat_memcache::command
