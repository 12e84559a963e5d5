// Lines of the streaming protocol (docs/streaming.md).
//
// Threads: any; no state.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <span>
#include <string_view>

#include "protocol/request.h"

namespace rat_memcache::protocol {

// Fills in what the words of a line say, the command first. False: it is no good line. Then the key
// and `noreply` are filled in only as far as they can be relied on.
bool ParseStream(std::span<const std::string_view> words, Request* request, StreamRequest* stream);

}  // namespace rat_memcache::protocol
