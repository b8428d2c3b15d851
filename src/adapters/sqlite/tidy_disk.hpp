#pragma once
#include <string>

namespace warren::adapters::sqlite {

/// SQLite's name of a file system over the one named `over` (the machine's own where that is empty), null
/// where there is none of that name. Thread-safe. It does two things more:
/// - It zeroes the unused middle of each page of a table or index on its way into the database file. SQLite
///   leaves copies of rows there that it moved to other pages (`secure_delete` overwrites what is deleted,
///   not what is moved), so deleted text would stay in the file until the page happens to fill up.
///   @see docs/decisions/0051-deletion.md
/// - It writes the write-ahead log in large pieces, where SQLite asks for two writes for each page. What it
///   still holds is written before anything else happens to the log through the same connection, its sync
///   above all, which then says what went wrong. That needs `synchronous=FULL`: SQLite then syncs what it
///   commits before it shows it to other connections, which read the real file.
///   @see docs/decisions/0081-the-log-in-pieces.md
const char* tidy_disk(const std::string& over);

/// Zeroes the bytes of `page` (as it lies in the file at `offset`) that hold no row. What is not a page of a
/// table or index in good order is left as it is.
void tidy_page(unsigned char* page, int size, long long offset);

}  // namespace warren::adapters::sqlite
