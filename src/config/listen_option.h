// -l and --bind: lists of addresses with memcached's prefixes.
//
//   list      address { (","|";") address }
//   address   { prefix } where
//   prefix    "notls:" | "btls:" | "mtls:" | "proto[" protocol "]:" | "tag[" name "]:" |
//             "tag_" name "_:"              in any order; memcached wants them in this one
//   where     host | host ":" port | "[" IPv6 "]" [ ":" port ] | IPv6 | ":" port
//
// A host "*" or none means all interfaces. A prefix that needs TLS is checked by cross_checks,
// since -Z may come later.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string_view>

#include "config/parse.h"

namespace rat_memcache::config {

// Adds the addresses of a list. `option` as it was written: "-l" or "--bind".
void AddListen(Parse* parse, std::string_view list, std::string_view option);

// The prefix that asks for this; empty for kAsConfigured.
std::string_view NameOf(ListenAddress::Tls tls);

}  // namespace rat_memcache::config
