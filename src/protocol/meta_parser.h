// The line of a meta command: its key and its flags.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/meta_request.h"
#include "protocol/request.h"

namespace rat_memcache::protocol {

// Words of a meta line, command, key and length included.
inline constexpr size_t kMetaWordsMax = 20;

// Fills `request` (its op is set) and `meta` from the words of the line, of which the flags begin
// with words[flags_at]. What is wrong with them, if anything.
std::optional<Reject> ParseMeta(std::span<const std::string_view> words, size_t flags_at,
                                Request* request, MetaRequest* meta);

}  // namespace rat_memcache::protocol
