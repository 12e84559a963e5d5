// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/executor.h"

#include <algorithm>
#include <string>

#include "base/version.h"
#include "command/stats.h"
#include "protocol/ascii_reply.h"

namespace rat_memcache::command {

namespace ascii = protocol::ascii;
using cache::Key;
using observe::Count;
using protocol::Op;
using protocol::Request;

After Executor::Run(protocol::RequestBatch* batch, Session* session, GatherBuffer* out) {
  context_.descriptor = session->descriptor;
  const size_t size = batch->size();
  const bool log = context_.shared->log->enabled(observe::Level::kDetail);
  if (NeedsLogin(*session)) [[unlikely]]
    return RunLogin(batch, session, out);
  if (size == 1) {
    const Request& request = (*batch)[0];
    if (log) LogRequest(request);
    if (!request.key.empty()) keys_[0] = context_.cache->MakeKey(request.key);
    return Execute(request, keys_[0], session, out);
  }
  for (size_t begin = 0; begin < size; begin += kWave) {
    const size_t end = std::min(size, begin + kWave);
    for (size_t i = begin; i < end; ++i) {
      if (!(*batch)[i].key.empty()) {
        keys_[i] = context_.cache->MakeKey((*batch)[i].key);
        context_.cache->PrefetchBucket(&keys_[i]);
      }
    }
    for (size_t i = begin; i < end; ++i) {
      if (!(*batch)[i].key.empty()) context_.cache->PrefetchItem(keys_[i]);
    }
    for (size_t i = begin; i < end; ++i) {
      if (log) LogRequest((*batch)[i]);
      if (Execute((*batch)[i], keys_[i], session, out) == After::kClose) return After::kClose;
    }
  }
  return After::kGoOn;
}

After Executor::RunLogin(protocol::RequestBatch* batch, Session* session, GatherBuffer* out) {
  for (const Request& request : *batch) {
    if (RunOne(request, session, out) == After::kClose) return After::kClose;
  }
  return After::kGoOn;
}

After Executor::RunOne(const Request& request, Session* session, GatherBuffer* out) {
  context_.descriptor = session->descriptor;
  if (context_.shared->log->enabled(observe::Level::kDetail)) LogRequest(request);
  if (NeedsLogin(*session) && !LoginCommands::Serves(request)) {
    return LoginCommands::Refuse(request, out);
  }
  Key key;
  if (!request.key.empty()) key = context_.cache->MakeKey(request.key);
  return Execute(request, key, session, out);
}

After Executor::ExecuteBinary(const Request& request, const Key& key, Session* session,
                              GatherBuffer* out) {
  // Again for each request: one before it may have been a login that failed.
  if (NeedsLogin(*session) && !LoginCommands::Serves(request)) {
    return LoginCommands::Refuse(request, out);
  }
  if (request.binary->cas != 0 && !context_.shared->options->cas_enabled) {
    // Nobody has a CAS unique, so nothing is compared.
    protocol::BinaryHeader header = *request.binary;
    header.cas = 0;
    Request without = request;
    without.binary = &header;
    return ExecuteBinary(without, key, session, out);
  }
  if (protocol::IsStorage(request.op)) {
    stores_.Store(request, key, session, out);
    return After::kGoOn;
  }
  if (request.op == Op::kSasl) {
    logins_.Sasl(request, session, out);
    return After::kGoOn;
  }
  return binary_.Execute(request, key, out);
}

After Executor::Execute(const Request& request, const Key& key, Session* session,
                        GatherBuffer* out) {
  if (request.binary != nullptr) return ExecuteBinary(request, key, session, out);
  switch (request.op) {
    case Op::kGet:
    case Op::kGets:
    case Op::kGat:
    case Op::kGats:
      classic_.Retrieve(request, key, out);
      break;
    case Op::kSet:
    case Op::kAdd:
    case Op::kReplace:
    case Op::kAppend:
    case Op::kPrepend:
    case Op::kCas:
    case Op::kMetaSet:
      stores_.Store(request, key, session, out);
      break;
    case Op::kMetaGet:
      meta_.Get(request, key, out);
      break;
    case Op::kMetaDelete:
      meta_.Delete(request, key, out);
      break;
    case Op::kMetaArithmetic:
      meta_.Arithmetic(request, key, out);
      break;
    case Op::kMetaDebug:
      meta_.Debug(request, key, out);
      break;
    case Op::kMetaNoop:
      out->Append(ascii::kMetaNoop);
      break;
    case Op::kDelete:
      classic_.Delete(request, key, out);
      break;
    case Op::kIncr:
    case Op::kDecr:
      classic_.ChangeNumber(request, key, out);
      break;
    case Op::kTouch:
      classic_.Touch(request, key, out);
      break;
    case Op::kFlushAll:
      classic_.FlushAll(request, out);
      break;
    case Op::kBody:
      if (session->incoming != nullptr) {
        stores_.TakeBody(request.value, session);
      } else {
        streaming_.TakeBody(request.value, session);
      }
      break;
    case Op::kBodyEnd:
      if (session->incoming != nullptr) {
        stores_.EndBody(request.well_formed, session, out);
      } else {
        streaming_.EndBody(request.well_formed, session, out);
      }
      break;
    case Op::kStreamingGet:
    case Op::kStreamingGets:
    case Op::kSetBegin:
    case Op::kSetData:
    case Op::kSetEnd:
    case Op::kSetAbort:
      streaming_.Execute(request, key, session, out);
      break;
    case Op::kReject:
      // memcached counts a store when its data has come, whether or not it is framed well.
      if (request.reject == protocol::Reject::kBadChunk) context_.counters->Add(Count::kCmdSet);
      Say(request.noreply, ascii::TextOf(request.reject), out);
      break;
    case Op::kVersion:
      out->Append("VERSION ");
      out->Append(kMemcachedVersion);
      out->Append("\r\n");
      break;
    case Op::kStats: {
      StatLines lines(out);
      AppendStats(*context_.shared, request.value, &lines);
      break;
    }
    case Op::kLogin:
      logins_.Text(request, session, out);
      break;
    case Op::kQuit:
      return After::kClose;
    default:
      return admin_.Execute(request, session, out) ? After::kGoOn : After::kClose;
  }
  return After::kGoOn;
}

void Executor::LogRequest(const Request& request) const {
  if (request.op >= Op::kBody) return;
  std::string line = "<";
  line += protocol::WordOf(request.op);
  if (!request.key.empty()) line.append(" ").append(request.key);
  if (protocol::IsStorage(request.op)) line += " " + std::to_string(request.value_size);
  context_.shared->log->Write(observe::Level::kDetail, line);
}

}  // namespace rat_memcache::command
