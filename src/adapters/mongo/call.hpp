#pragma once
#include <mongoc/mongoc.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/mongo/document.hpp"
#include "adapters/mongo/failure.hpp"
#include "adapters/mongo/pulse.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"

namespace warren::adapters::mongo {

/// The newest operation time that any call of this process was told by the server. A session that is brought
/// up to it reads everything that was acknowledged to anybody here before. (libmongoc shares the cluster time
/// between the clients of one pool, but keeps operation times per session.) Thread-safe.
/// @see MongoDB manual, Causal Consistency
class OperationTime {
public:
    void advance(mongoc_client_session_t& session) const;
    void note(const mongoc_client_session_t& session);

private:
    mutable std::mutex mutex_;
    std::uint32_t timestamp_ = 0;
    std::uint32_t increment_ = 0;
};

/// What the calls of one database share.
struct Driver {
    struct DestroyUri {
        void operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }
    };
    struct DestroyPool {
        void operator()(mongoc_client_pool_t* pool) const { mongoc_client_pool_destroy(pool); }
    };
    std::unique_ptr<mongoc_uri_t, DestroyUri> uri;
    std::unique_ptr<mongoc_client_pool_t, DestroyPool> pool;
    std::string database;
    OperationTime time;
    FailureLog failures;
    Pulse pulse;
};

/// How to find: everything but the filter.
struct FindOptions {
    Document sort;
    Document projection;
    std::size_t skip = 0;
    std::size_t limit = 0;  ///< 0: all.
};

/// The `limit` documents (not 0) that come next after the id `after`, in order of id.
template <class AnyId>
struct PageById {
    PageById(AnyId after, std::size_t limit) {
        Document beyond;
        beyond.add("$gt", after);
        filter.add("_id", beyond);
        options.sort.add("_id", 1);
        options.limit = limit;
    }
    Document filter;
    FindOptions options;
};

/// One element of an `update` command. Never an upsert: those race (two that find nothing both insert).
struct Update {
    Document filter;
    Document change;
};

/// One call of a store: a client of the pool, a causally consistent session on it that is up to date, and the
/// time that is left. Writes are acknowledged by a majority, journaled; reads are of what a majority has,
/// from the primary. Made, used and destroyed on one thread, which it blocks. Every function may fail with
/// what `errc_of` names.
class Call {
public:
    Call(Driver& driver, Deadline deadline);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    /// To be called first.
    Result<void> begin();

    using Each = std::function<Result<void>(const bson_t&)>;
    /// Gives each document found to `each`, until that fails.
    Result<void> find(const char* collection, const Document& filter, const FindOptions& options,
                      const Each& each);

    /// Inserts in order and stops at the first failure. @errors taken (a unique key exists)
    Result<void> insert(const char* collection, const std::vector<Document>& documents);
    /// Inserts those whose unique keys are free; the indexes of the others.
    Result<std::vector<std::size_t>> insert_missing(const char* collection,
                                                    const std::vector<Document>& documents);
    /// Runs every update; how many found their document.
    Result<std::size_t> update(const char* collection, const std::vector<Update>& updates);
    /// Removes every document that matches.
    Result<void> remove(const char* collection, const Document& filter);
    /// Removes what matches the first filter, then the second, and so on.
    Result<void> remove_in_order(const char* collection, const std::vector<Document>& filters);
    /// Any other command that writes, with the same concern.
    Result<void> write(const Document& command);
    /// Any command that takes no concern (`hello`, `ping`); its reply.
    Result<Document> ask(const Document& command);

private:
    struct Destroy {
        void operator()(mongoc_client_session_t* session) const { mongoc_client_session_destroy(session); }
        void operator()(mongoc_collection_t* collection) const { mongoc_collection_destroy(collection); }
    };
    using CollectionPtr = std::unique_ptr<mongoc_collection_t, Destroy>;

    CollectionPtr collection(const char* name);
    /// Session and time limit; nothing if no time is left.
    Result<Document> options();
    Result<Document> write_options();
    Result<Document> run_write(const Document& command);
    /// Notes the failure and translates it.
    Error fail(const bson_error_t& failure);

    Driver& driver_;
    Deadline deadline_;
    bool asked_ = false;
    bool failed_ = false;
    mongoc_client_t* client_;
    std::unique_ptr<mongoc_client_session_t, Destroy> session_;
};

}  // namespace warren::adapters::mongo
