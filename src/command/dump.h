// All items as lines of text: lru_crawler metadump and mgdump.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <string_view>

#include "command/producer.h"
#include "command/thread_context.h"
#include "store/size_classes.h"

namespace rat_memcache::command {

// Size classes that a command names.
using ClassSet = std::bitset<store::SizeClasses::kEnd>;

// `all`, `hash` (the same to us), or numbers between commas. Nothing if one of them is no class.
std::optional<ClassSet> ParseClasses(std::string_view words);

enum class DumpFormat : uint8_t {
  kMetadata,  // key=... exp=... and so on
  kKeys,      // lines that can be sent back: mg <key>
};

// Items that are stored meanwhile may be missing; one that stays is there, and seldom twice.
std::unique_ptr<Producer> MakeDump(const ThreadContext& context, DumpFormat format,
                                   const ClassSet& classes);

}  // namespace rat_memcache::command
