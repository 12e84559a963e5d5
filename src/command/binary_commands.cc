// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/binary_commands.h"

namespace rat_memcache::command::binary {

void FillPut(const protocol::Request& request, cache::PutRequest* put) {
  if (request.binary->cas != 0) put->compare_cas = request.binary->cas;
}

void AnswerPut(const protocol::Request&, cache::PutResult, GatherBuffer*) {}

void AnswerRefusal(const protocol::Request&, PutRefusal, GatherBuffer*) {}

}  // namespace rat_memcache::command::binary
