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
  Answer(request, key, context_->cache->Put(PutRequestFor(request, key)), out);
}

void StoreCommands::Answer(const Request& request, const Key& key, PutResult result,
                           GatherBuffer* out) {
  const bool compares = request.op == Op::kCas ||
                        (request.meta != nullptr && request.meta->Has('C')) ||
                        (request.binary != nullptr && request.binary->cas != 0);
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
  if (result.status == PutStatus::kNoMemory) {
    Refuse(request, key, PutRefusal::kNoMemory);
    return SayRefusal(request, PutRefusal::kNoMemory, out);
  }
  if (request.meta != nullptr) return meta::AnswerPut(request, result, out);
  if (request.binary != nullptr) return binary::AnswerPut(request, result, out);
  Say(request.noreply, ClassicTextOf(result.status), out);
}

void StoreCommands::Refuse(const Request& request, const Key& key, PutRefusal why) {
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
