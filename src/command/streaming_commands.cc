// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/streaming_commands.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "command/value_stream.h"
#include "protocol/stream_reply.h"
#include "store/item_size.h"

namespace rat_memcache::command {

namespace ascii = protocol::ascii;
using cache::Found;
using cache::Key;
using cache::PutStatus;
using observe::ClassCount;
using observe::Count;
using observe::WatchStream;
using protocol::Op;
using protocol::Request;
using protocol::StreamRequest;

namespace {

// Of one stream.
constexpr uint64_t kChunkCountMax = 1 << 20;
// Values up to here are put together before they are stored, as a set of that size comes.
constexpr uint32_t kPutAtOnceMax = 32 << 10;

constexpr uint64_t ChunkCountOf(uint32_t value_size, uint64_t chunk_size) {
  return (value_size + chunk_size - 1) / chunk_size;
}

}  // namespace

void StreamingCommands::Execute(const Request& request, const Key& key, Session* session,
                                GatherBuffer* out) {
  const bool download = request.op == Op::kStreamingGet || request.op == Op::kStreamingGets;
  if (session->over_udp) [[unlikely]] {
    if (request.streamed) {
      UploadsOf(session)->incoming = {.reply = ascii::kUploadNotOverUdp,
                                      .noreply = request.noreply};
      return;
    }
    return Say(request.noreply, download ? ascii::kStreamNotOverUdp : ascii::kUploadNotOverUdp,
               out);
  }
  switch (request.op) {
    case Op::kSetBegin:
      return Say(request.noreply, Begin(request, session), out);
    case Op::kSetData:
      return Data(request, session, out);
    case Op::kSetEnd:
      return Say(request.noreply, End(request, key, session), out);
    case Op::kSetAbort:
      return Say(request.noreply, Abort(request, session), out);
    default:
      out->Append(Get(request, key, session, out));
  }
}

// --- Downloads ---

std::string_view StreamingCommands::Get(const Request& request, const Key& key, Session* session,
                                        GatherBuffer* out) {
  // May be filled several times (store/shard.h): what it holds counts when the read has said so.
  cache::PinnedValue value;
  ThreadContext::Hit hit;
  const Found found = context_->cache->Get(key, [&](const cache::ItemView& item) {
    hit.Note(item);
    item.HoldIn(&value);
  });
  context_->NoteGet(request.key, found, hit);
  if (context_->shared->prefixes->enabled()) [[unlikely]] {
    context_->shared->prefixes->CountGet(request.key, found == Found::kHit);
  }
  if (found != Found::kHit) return ascii::kStreamKeyNotFound;

  const config::StreamingOptions& limits = context_->shared->options->streaming;
  const StreamRequest& asked = *request.stream;
  const uint64_t chunk_size = asked.chunk_size.value_or(limits.default_chunk_size);
  if (chunk_size == 0 || chunk_size > limits.max_chunk_size) return ascii::kStreamBadChunkSize;
  const uint64_t chunk_count = ChunkCountOf(value.size(), chunk_size);
  if (chunk_count > kChunkCountMax) return ascii::kStreamTooManyChunks;
  if (asked.first_chunk >= std::max<uint64_t>(chunk_count, 1)) return ascii::kStreamBadChunkNumber;
  if (asked.cas && *asked.cas != value.cas()) return ascii::kStreamValueChanged;
  if (!context_->cache->MayHold(key, value)) {
    context_->counters->Add(Count::kStreamsFailed);
    return ascii::kStreamTooMany;
  }

  std::optional<ascii::StreamVersion> version;
  if (request.op == Op::kStreamingGets) version = {value.client_flags(), value.cas()};
  char* const begin = out->Reserve(ascii::StreamLineMax(request.key.size()));
  const char* const end = ascii::WriteStreamBegin(begin, request.key, value.size(),
                                                  static_cast<uint32_t>(chunk_count), version);
  out->Commit(static_cast<size_t>(end - begin));
  session->producer = std::make_unique<ValueStream>(
      *context_, request.key, std::move(value),
      ValueStream::Chunks{.size = static_cast<uint32_t>(chunk_size),
                          .count = static_cast<uint32_t>(chunk_count),
                          .first = static_cast<uint32_t>(asked.first_chunk)});
  return {};
}

// --- Uploads ---

SessionUploads* StreamingCommands::UploadsOf(Session* session) const {
  if (session->uploads == nullptr) {
    session->uploads =
        std::make_unique<SessionUploads>(context_->shared->uploads, context_->counters);
  }
  return session->uploads.get();
}

PendingUpload* StreamingCommands::Find(std::string_view key, Session* session) const {
  if (session->uploads == nullptr) return nullptr;
  return session->uploads->Find(key, context_->cache->Now());
}

std::string_view StreamingCommands::Begin(const Request& request, Session* session) {
  const config::ServerOptions& options = *context_->shared->options;
  const config::StreamingOptions& limits = options.streaming;
  const uint64_t total_size = request.stream->total_size;
  const uint64_t chunk_count = request.stream->chunk_count;
  if ((chunk_count == 0) != (total_size == 0) || chunk_count > total_size ||
      chunk_count > limits.max_chunks) {
    return ascii::kUploadBadChunkCount;
  }
  if (total_size > options.item_size_max ||
      store::MemcachedItemSize(request.key.size(), request.client_flags, total_size,
                               options.cas_enabled) > options.item_size_max) {
    context_->counters->Add(Count::kStoreTooLarge);
    return ascii::kTooLarge;
  }
  SessionUploads* const uploads = UploadsOf(session);
  const uint32_t now = context_->cache->Now();
  const bool replaces = uploads->Find(request.key, now) != nullptr;
  if (!replaces && uploads->count() >= limits.max_uploads_per_connection) {
    return ascii::kUploadTooMany;
  }
  if (total_size > limits.max_upload_memory ||
      !uploads->Begin({.key = std::string(request.key),
                       .total_size = static_cast<uint32_t>(total_size),
                       .chunk_count = static_cast<uint32_t>(chunk_count),
                       .client_flags = request.client_flags,
                       .exptime = request.exptime},
                      now)) {
    return ascii::kUploadNoMemory;
  }
  return ascii::kStored;
}

std::string_view StreamingCommands::BeginChunk(const Request& request, PendingUpload* upload) {
  if (request.stream->bad_line) return ascii::TextOf(protocol::Reject::kBadLine);
  if (upload == nullptr) return ascii::kUploadNone;
  return upload->BeginChunk(request.stream->chunk_number, request.value_size,
                            context_->cache->Now());
}

void StreamingCommands::Data(const Request& request, Session* session, GatherBuffer* out) {
  PendingUpload* const upload = Find(request.key, session);
  const SessionUploads::Incoming chunk{.upload = upload,
                                       .reply = BeginChunk(request, upload),
                                       .size = request.value_size,
                                       .noreply = request.noreply};
  if (request.streamed) {
    UploadsOf(session)->incoming = chunk;
    return;
  }
  if (chunk.reply == ascii::kStored) upload->AppendToChunk(request.value, context_->cache->Now());
  EndChunk(request.well_formed, chunk, out);
}

void StreamingCommands::TakeBody(std::string_view bytes, Session* session) {
  const SessionUploads::Incoming& chunk = session->uploads->incoming;
  if (chunk.reply == ascii::kStored) chunk.upload->AppendToChunk(bytes, context_->cache->Now());
}

void StreamingCommands::EndBody(bool framed_well, Session* session, GatherBuffer* out) {
  EndChunk(framed_well, std::exchange(session->uploads->incoming, {}), out);
}

void StreamingCommands::EndChunk(bool framed_well, const SessionUploads::Incoming& chunk,
                                 GatherBuffer* out) {
  std::string_view reply = chunk.reply;
  if (reply == ascii::kStored) reply = chunk.upload->EndChunk(framed_well);
  if (reply == ascii::kStored) context_->counters->Add(Count::kUploadBytesIn, chunk.size);
  if (reply != ascii::kStored && chunk.noreply && chunk.upload != nullptr) {
    chunk.upload->Remember(reply);
  }
  Say(chunk.noreply, reply, out);
}

std::string_view StreamingCommands::End(const Request& request, const Key& key, Session* session) {
  PendingUpload* const upload = Find(request.key, session);
  if (upload == nullptr) return ascii::kUploadNone;
  std::vector<HeldChunk> chunks;
  if (!upload->remembered().empty()) {
    const std::string_view fault = upload->remembered();
    context_->counters->Add(Count::kUploadsFailed);
    session->uploads->Drop(upload);
    return fault;
  }
  const std::string_view taken = upload->Take(&chunks);
  if (taken != ascii::kStored) return taken;
  const PendingUpload::Announced announced = upload->announced();
  session->uploads->Drop(upload);
  if (!Store(announced, key, std::move(chunks))) {
    context_->counters->Add(Count::kUploadsFailed);
    return ascii::kNoMemoryToStore;
  }
  context_->counters->Add(Count::kUploadsStored);
  return ascii::kStored;
}

std::string_view StreamingCommands::Abort(const Request& request, Session* session) {
  PendingUpload* const upload = Find(request.key, session);
  if (upload == nullptr) return ascii::kUploadNone;
  context_->counters->Add(Count::kUploadsAborted);
  session->uploads->Drop(upload);
  return ascii::kOk;
}

bool StreamingCommands::Store(const PendingUpload::Announced& announced, const Key& key,
                              std::vector<HeldChunk> chunks) {
  const uint64_t item_size =
      store::MemcachedItemSize(announced.key.size(), announced.client_flags, announced.total_size,
                               context_->shared->options->cas_enabled);
  context_->counters->Add(Count::kCmdSet);
  context_->CountInClass(ClassCount::kCmdSet, item_size);
  if (context_->shared->prefixes->enabled()) [[unlikely]] {
    context_->shared->prefixes->CountSet(announced.key);
  }
  const cache::PutRequest request{.key = key,
                                  .client_flags = announced.client_flags,
                                  .exptime = context_->Exptime(announced.exptime)};
  const bool stored =
      Put(request, announced.total_size, std::move(chunks)).status == PutStatus::kStored;
  if (!stored) context_->counters->Add(Count::kStoreNoMemory);
  if (context_->watched(WatchStream::kMutations)) [[unlikely]] {
    context_->ReportStore({.key = announced.key,
                           .status = stored ? "stored" : "no_memory",
                           .command = "set",
                           .exptime = request.exptime,
                           .item_size = item_size,
                           .value_size = announced.total_size});
  }
  return stored;
}

cache::PutResult StreamingCommands::Put(const cache::PutRequest& request, uint32_t total_size,
                                        std::vector<HeldChunk> chunks) {
  if (total_size <= kPutAtOnceMax) {
    std::string value;
    value.reserve(total_size);
    for (const HeldChunk& chunk : chunks) {
      value += chunk.bytes();
    }
    cache::PutRequest whole = request;
    whole.value = value;
    return context_->cache->Put(whole);
  }
  const auto upload = context_->cache->BeginUpload(request, total_size);
  for (HeldChunk& chunk : chunks) {
    if (!upload->Append(chunk.bytes())) return {PutStatus::kNoMemory};
    // What is in the log now is not to take memory twice.
    chunk.Release();
  }
  return upload->Commit();
}

void AppendStreamingStats(const Context& context, StatLines* lines) {
  const auto sums = context.counters->Sum();
  const auto since_start = context.counters->SumSinceStart();
  lines->Add("streams_open", since_start[Count::kStreamsBegun] - since_start[Count::kStreamsEnded]);
  lines->Add("streams_total", sums[Count::kStreamsBegun]);
  lines->Add("streams_failed", sums[Count::kStreamsFailed]);
  lines->Add("stream_bytes_out", sums[Count::kStreamBytesOut]);
  lines->Add("uploads_open", uint64_t{context.uploads->open()});
  lines->Add("upload_bytes_held", uint64_t{context.uploads->bytes_held()});
  lines->Add("uploads_stored", sums[Count::kUploadsStored]);
  lines->Add("uploads_aborted", sums[Count::kUploadsAborted]);
  lines->Add("uploads_expired", sums[Count::kUploadsExpired]);
  lines->Add("uploads_failed", sums[Count::kUploadsFailed]);
  lines->Add("upload_bytes_in", sums[Count::kUploadBytesIn]);
  lines->End();
}

}  // namespace rat_memcache::command
