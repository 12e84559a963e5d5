// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/store_commands.h"

#include <memory>

#include "command/binary_commands.h"
#include "command/meta_commands.h"
#include "protocol/ascii_reply.h"
#include "store/item_size.h"

namespace rat_memcache::command {
namespace {

namespace ascii = protocol::ascii;
using cache::Key;
using cache::PutMode;
using cache::PutRequest;
using cache::PutResult;
using cache::PutStatus;
using observe::ClassCount;
using observe::Count;
using observe::WatchStream;
using protocol::Op;
using protocol::Request;

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

// Whether a value that cannot be stored takes the old one with it, so that nobody goes on reading
// what was to be replaced.
bool RemovesOld(const Request& request) {
  return request.op == Op::kSet || request.op == Op::kMetaSet;
}

std::string_view TextOf(PutRefusal why) {
  switch (why) {
    case PutRefusal::kTooLarge:
      return ascii::kTooLarge;
    case PutRefusal::kNoMemory:
      return ascii::kNoMemoryToStore;
    case PutRefusal::kNoMemoryDuringRead:
      break;
  }
  return ascii::kNoMemoryDuringRead;
}

// For watchers.
std::string_view WordOf(PutStatus status) {
  switch (status) {
    case PutStatus::kStored:
      return "stored";
    case PutStatus::kExists:
      return "exists";
    case PutStatus::kNotFound:
      return "not_found";
    case PutStatus::kNoMemory:
      return "no_memory";
    default:
      return "not_stored";
  }
}
std::string_view WordOf(PutMode mode) {
  switch (mode) {
    case PutMode::kSet:
      return "set";
    case PutMode::kAdd:
      return "add";
    case PutMode::kReplace:
      return "replace";
    case PutMode::kAppend:
      return "append";
    case PutMode::kPrepend:
      return "prepend";
  }
  return "set";
}

std::string_view ClassicTextOf(PutStatus status) {
  switch (status) {
    case PutStatus::kStored:
      return ascii::kStored;
    case PutStatus::kExists:
      return ascii::kExists;
    case PutStatus::kNotFound:
      return ascii::kNotFound;
    default:  // kTooLarge is what an append would become: memcached's word for it is this
      return ascii::kNotStored;
  }
}

}  // namespace

PutRequest StoreCommands::PutRequestFor(const Request& request, const Key& key) const {
  PutRequest put{.key = key,
                 .mode = ModeOf(request.op),
                 .value = request.value,
                 .client_flags = request.client_flags,
                 .exptime = context_->Exptime(request.exptime)};
  if (request.meta != nullptr) {
    meta::FillPut(*request.meta, *context_, &put);
  } else if (request.binary != nullptr) {
    binary::FillPut(request, &put);
  } else if (request.op == Op::kCas) {
    put.compare_cas = request.number;
  }
  return put;
}

uint64_t StoreCommands::ItemSize(const Request& request) const {
  return store::MemcachedItemSize(request.key.size(), request.client_flags, request.value_size,
                                  context_->shared->options->cas_enabled);
}

void StoreCommands::Store(const Request& request, const Key& key, Session* session,
                          GatherBuffer* out) {
  const uint64_t item_size = ItemSize(request);
  if (request.meta == nullptr && context_->shared->prefixes->enabled()) [[unlikely]] {
    context_->shared->prefixes->CountSet(request.key);
  }
  const bool too_large = item_size > context_->shared->options->item_size_max;
  if (request.streamed) return BeginBody(request, key, too_large, session);
  if (too_large) {
    Refuse(request, key, PutRefusal::kTooLarge);
    return SayRefusal(request, PutRefusal::kTooLarge, out);
  }
  context_->counters->Add(Count::kCmdSet);
  context_->CountInClass(ClassCount::kCmdSet, item_size);
  if (context_->watched(WatchStream::kFetchers)) [[unlikely]] {
    ReportLookup(request, key);
  }
  Answer(request, key, context_->cache->Put(PutRequestFor(request, key)), out);
}

void StoreCommands::Answer(const Request& request, const Key& key, PutResult result,
                           GatherBuffer* out) {
  const bool compares = request.op == Op::kCas ||
                        (request.meta != nullptr && request.meta->Has('C')) ||
                        (request.binary != nullptr && binary::IsCas(request));
  if (compares) {
    if (result.status == PutStatus::kStored) {
      context_->counters->Add(Count::kCasHits);
      context_->CountInClass(ClassCount::kCasHits, result.item_size);
    } else if (result.status == PutStatus::kExists) {
      context_->counters->Add(Count::kCasBadval);
      context_->CountInClass(ClassCount::kCasBadval, result.item_size);
    } else if (result.status == PutStatus::kNotFound) {
      context_->counters->Add(Count::kCasMisses);
    }
  }
  if (context_->watched(WatchStream::kMutations)) [[unlikely]] {
    const bool stored = result.status == PutStatus::kStored;
    Report(request, WordOf(result.status), stored ? result.item_size : ItemSize(request),
           stored ? result.value_size : request.value_size);
  }
  if (result.status == PutStatus::kNoMemory) {
    Refuse(request, key, PutRefusal::kNoMemory);
    return SayRefusal(request, PutRefusal::kNoMemory, out);
  }
  if (request.meta != nullptr) return meta::AnswerPut(request, result, out);
  if (request.binary != nullptr) return binary::AnswerPut(request, result, out);
  Say(request.noreply, ClassicTextOf(result.status), out);
}

// A store looks for the old item first, and memcached tells so.
void StoreCommands::ReportLookup(const Request& request, const Key& key) {
  ThreadContext::Hit hit;
  const cache::Found found =
      context_->cache->Peek(key, [&](const cache::ItemView& item) { hit.Note(item); });
  context_->ReportGet(request.key, found, hit);
}

void StoreCommands::Report(const Request& request, std::string_view status, uint64_t item_size,
                           uint32_t value_size) {
  const PutRequest put = PutRequestFor(request, {.text = request.key});
  const bool adds = put.mode == PutMode::kAppend || put.mode == PutMode::kPrepend;
  context_->ReportStore({.key = request.key,
                         .status = status,
                         .command = put.compare_cas ? "cas" : WordOf(put.mode),
                         .exptime = adds ? 0 : put.exptime,
                         .item_size = item_size,
                         .value_size = value_size});
}

void StoreCommands::Refuse(const Request& request, const Key& key, PutRefusal why) {
  if (context_->watched(WatchStream::kMutations) && why != PutRefusal::kNoMemory) [[unlikely]] {
    Report(request, why == PutRefusal::kTooLarge ? "too_large" : "no_memory", ItemSize(request),
           request.value_size);
  }
  context_->counters->Add(why == PutRefusal::kTooLarge ? Count::kStoreTooLarge
                                                       : Count::kStoreNoMemory);
  if (RemovesOld(request)) (void)context_->cache->Delete(key);
}

void StoreCommands::SayRefusal(const Request& request, PutRefusal why, GatherBuffer* out) {
  if (request.binary != nullptr) return binary::AnswerRefusal(request, why, out);
  Say(request.noreply, TextOf(why), out);
}

void StoreCommands::BeginBody(const Request& request, const Key& key, bool too_large,
                              Session* session) {
  session->incoming = std::make_unique<IncomingValue>(request);
  if (context_->watched(WatchStream::kFetchers)) ReportLookup(request, key);
  if (too_large) return GiveUpBody(session, PutRefusal::kTooLarge);
  session->incoming->upload =
      context_->cache->BeginUpload(PutRequestFor(request, key), request.value_size);
  if (!session->incoming->upload->Append({})) GiveUpBody(session, PutRefusal::kNoMemory);
}

// What is left of the value is dropped as it comes; the client hears why behind its end.
void StoreCommands::GiveUpBody(Session* session, PutRefusal why) {
  IncomingValue& incoming = *session->incoming;
  incoming.upload.reset();
  incoming.refusal = why;
  const Request& request = incoming.kept.get();
  Refuse(request, context_->cache->MakeKey(request.key), why);
}

void StoreCommands::TakeBody(std::string_view bytes, Session* session) {
  cache::Upload* const upload = session->incoming->upload.get();
  if (upload != nullptr && !upload->Append(bytes)) {
    GiveUpBody(session, PutRefusal::kNoMemoryDuringRead);
  }
}

void StoreCommands::EndBody(bool framed_well, Session* session, GatherBuffer* out) {
  const std::unique_ptr<IncomingValue> incoming = std::move(session->incoming);
  const Request& request = incoming->kept.get();
  if (incoming->upload == nullptr) return SayRefusal(request, incoming->refusal, out);
  context_->counters->Add(Count::kCmdSet);
  context_->CountInClass(ClassCount::kCmdSet, ItemSize(request));
  if (!framed_well) {
    return Say(request.noreply, ascii::TextOf(protocol::Reject::kBadChunk), out);
  }
  Answer(request, context_->cache->MakeKey(request.key), incoming->upload->Commit(), out);
}

}  // namespace rat_memcache::command
