// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/classic_commands.h"

#include <optional>

#include "protocol/ascii_reply.h"

namespace rat_memcache::command {
namespace {

namespace ascii = protocol::ascii;
using cache::CountStatus;
using cache::Found;
using cache::Key;
using observe::Count;
using protocol::Op;
using protocol::Request;

}  // namespace

void ClassicCommands::Retrieve(const Request& request, const Key& key, GatherBuffer* out) {
  const bool with_cas = request.op == Op::kGets || request.op == Op::kGats;
  // May run several times (store/shard.h): what it writes counts only when it is committed below.
  size_t written = 0;
  ThreadContext::Hit hit;
  const auto reply = [&](const cache::ItemView& item) {
    hit.Note(item);
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
    found = context_->cache->GetAndTouch(key, context_->Exptime(request.exptime), reply);
    context_->NoteTouch(request.key, found, hit);
  } else {
    found = context_->cache->Get(key, reply);
    context_->NoteGet(request.key, found, hit);
  }
  if (context_->shared->prefixes->enabled()) [[unlikely]] {
    context_->shared->prefixes->CountGet(request.key, found == Found::kHit);
  }
  if (found == Found::kHit) out->Commit(written);
  if (request.ends_line) out->Append(ascii::kEnd);
}

void ClassicCommands::Delete(const Request& request, const Key& key, GatherBuffer* out) {
  const cache::DeleteResult result = context_->cache->Delete(cache::DeleteRequest{.key = key});
  context_->NoteDelete(request.key, result, "delete");
  if (context_->shared->prefixes->enabled()) context_->shared->prefixes->CountDelete(request.key);
  const bool hit = result.status == cache::DeleteStatus::kDone;
  Say(request.noreply, hit ? ascii::kDeleted : ascii::kNotFound, out);
}

void ClassicCommands::ChangeNumber(const Request& request, const Key& key, GatherBuffer* out) {
  const bool up = request.op == Op::kIncr;
  const cache::CountResult result =
      context_->cache->Count({.key = key,
                              .delta = request.number,
                              .direction = up ? cache::Direction::kUp : cache::Direction::kDown});
  context_->NoteNumber(request.key, result, up);
  switch (result.status) {
    case CountStatus::kCounted:
    case CountStatus::kCreated:
      if (!request.noreply) ascii::AppendNumber(out, result.value);
      return;
    case CountStatus::kNotFound:
    case CountStatus::kExists:
      return Say(request.noreply, ascii::kNotFound, out);
    case CountStatus::kNotANumber:
      return Say(request.noreply, ascii::kNotANumber, out);
    case CountStatus::kNoMemory:
      return Say(request.noreply, ascii::kNoMemory, out);
  }
}

void ClassicCommands::Touch(const Request& request, const Key& key, GatherBuffer* out) {
  ThreadContext::Hit hit;
  const Found found =
      context_->cache->GetAndTouch(key, context_->Exptime(request.exptime),
                                   [&](const cache::ItemView& item) { hit.Note(item); });
  context_->NoteTouch(request.key, found, hit);
  Say(request.noreply, found == Found::kHit ? ascii::kTouched : ascii::kNotFound, out);
}

void ClassicCommands::FlushAll(const Request& request, GatherBuffer* out) {
  context_->counters->Add(Count::kCmdFlush);
  if (!context_->shared->options->flush_enabled) {
    return Say(request.noreply, ascii::kFlushNotAllowed, out);
  }
  if (!request.well_formed) {
    return Say(request.noreply, ascii::TextOf(protocol::Reject::kBadExptime), out);
  }
  FlushAt(*context_, request.exptime);
  Say(request.noreply, ascii::kOk, out);
}

void FlushAt(const ThreadContext& context, int64_t exptime) {
  if (exptime > 0) {
    // memcached flushes a second early: what was last stored in the second before the one named is
    // the last to go.
    context.cache->FlushAt(context.Exptime(exptime) - 1);
  } else {
    context.cache->Flush();
  }
}

}  // namespace rat_memcache::command
