// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/login_commands.h"

#include <algorithm>
#include <string_view>

#include "protocol/ascii_reply.h"
#include "protocol/binary_format.h"
#include "protocol/binary_reply.h"

namespace rat_memcache::command {
namespace {

namespace ascii = protocol::ascii;
using observe::Count;
using protocol::Op;
using protocol::Request;
using protocol::binary::AppendError;
using protocol::binary::AppendReply;
using protocol::binary::Opcode;
using protocol::binary::Status;

// The next word, up to a blank, taken from the front.
std::string_view TakeWord(std::string_view* text) {
  text->remove_prefix(std::min(text->find_first_not_of(' '), text->size()));
  const std::string_view word = text->substr(0, text->find(' '));
  text->remove_prefix(word.size());
  return word;
}

}  // namespace

bool LoginCommands::Serves(const Request& request) {
  if (request.binary == nullptr) return request.op == Op::kLogin || request.op == Op::kReject;
  // A header whose sizes contradict each other is judged before the client is.
  return request.op == Op::kSasl || request.op == Op::kVersion ||
         (request.op == Op::kReject && request.binary->closes &&
          request.binary->refusal == static_cast<uint16_t>(Status::kUnknownCommand));
}

After LoginCommands::Refuse(const Request& request, GatherBuffer* out) {
  if (request.binary == nullptr) {
    out->Append(ascii::TextOf(protocol::Reject::kUnauthenticated));
    return After::kGoOn;
  }
  AppendError(*request.binary, Status::kAuthFailure, out);
  return After::kClose;
}

void LoginCommands::Finish(bool right, Session* session) {
  session->logged_in = right;
  session->sasl.reset();
  context_->counters->Add(Count::kAuthCmds);
  if (!right) context_->counters->Add(Count::kAuthErrors);
}

void LoginCommands::Text(const Request& request, Session* session, GatherBuffer* out) {
  if (!request.well_formed) {
    return out->Append("CLIENT_ERROR bad command line termination\r\n");
  }
  std::string_view rest = request.value;
  const std::string_view user = TakeWord(&rest);
  const std::string_view password = TakeWord(&rest);
  if (password.empty()) {
    return out->Append("CLIENT_ERROR bad authentication token format\r\n");
  }
  const bool right = context_->shared->users->Check(user, password);
  Finish(right, session);
  out->Append(right ? ascii::kStored : "CLIENT_ERROR authentication failure\r\n");
}

void LoginCommands::Sasl(const Request& request, Session* session, GatherBuffer* out) {
  const protocol::BinaryHeader& header = *request.binary;
  if (context_->shared->users == nullptr) {
    return AppendError(header, Status::kUnknownCommand, out);
  }
  if (!request.well_formed) return AppendError(header, static_cast<Status>(header.refusal), out);
  const Opcode opcode = static_cast<Opcode>(header.opcode);
  if (opcode == Opcode::kSaslListMechs) {
    const auto users = context_->shared->users->users();
    return AppendReply(header, {.value = auth::SaslMechanisms(*users)}, out);
  }
  // Whoever logs in anew is nobody until that has succeeded.
  session->logged_in = false;
  if (opcode == Opcode::kSaslAuth) {
    session->sasl = auth::BeginSasl(request.key, context_->shared->users->users());
  }
  auth::SaslReply reply{.status = auth::SaslReply::Status::kFailed};
  if (session->sasl != nullptr) reply = session->sasl->Step(request.value);
  switch (reply.status) {
    case auth::SaslReply::Status::kGoOn:
      return AppendReply(header, {.status = Status::kAuthContinues, .value = reply.challenge}, out);
    case auth::SaslReply::Status::kDone:
      Finish(true, session);
      return AppendReply(header, {.value = "Authenticated"}, out);
    case auth::SaslReply::Status::kFailed:
      Finish(false, session);
      return AppendError(header, Status::kAuthFailure, out);
  }
}

}  // namespace rat_memcache::command
