/* The door from Python: buffers in, buffers filled, the interpreter's lock let go. Every length and every offset is
 * checked here, so that what lies behind may trust them. assay.kernels.native is the only caller. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "language.h"
#include "near.h"
#include "pairs.h"
#include "records.h"
#include "sketch.h"
#include "words.h"

#define MOST_BUFFERS 16

/* Buffers of one call, released together. */
typedef struct {
    Py_buffer views[MOST_BUFFERS];
    int count;
} buffers_t;

static void release(buffers_t *held) {
    while (held->count) PyBuffer_Release(&held->views[--held->count]);
}

/* `bytes` of a contiguous buffer, NULL (with an exception) when it is smaller or not to be written. */
static void *borrow(buffers_t *held, PyObject *object, int64_t bytes, int writable) {
    Py_buffer *view = &held->views[held->count];
    if (PyObject_GetBuffer(object, view, writable ? PyBUF_CONTIG : PyBUF_CONTIG_RO) < 0) return NULL;
    held->count++;
    if (bytes < 0 || view->len < bytes) {
        PyErr_SetString(PyExc_ValueError, "a buffer is too small");
        return NULL;
    }
    static char nothing[8];
    return view->buf ? view->buf : nothing;
}

/* (data, starts, ends) to texts; the number of texts follows from starts. */
static int borrow_texts(buffers_t *held, PyObject *object, texts_t *out) {
    PyObject *data, *starts, *ends;
    if (!PyArg_ParseTuple(object, "OOO", &data, &starts, &ends)) return -1;
    if (!(out->data = borrow(held, data, 0, 0))) return -1;
    out->size = held->views[held->count - 1].len;
    if (!(out->start = borrow(held, starts, 0, 0))) return -1;
    out->n = held->views[held->count - 1].len / 8;
    if (!(out->end = borrow(held, ends, out->n * 8, 0))) return -1;
    if (out->n > INT32_MAX - 1) {
        PyErr_SetString(PyExc_ValueError, "too many texts");
        return -1;
    }
    for (int64_t k = 0; k < out->n; k++) {
        if (out->start[k] < 0 || out->end[k] < out->start[k] || out->end[k] > out->size ||
            out->end[k] - out->start[k] > INT32_MAX / 4) {
            PyErr_SetString(PyExc_ValueError, "a text lies outside its buffer");
            return -1;
        }
    }
    return 0;
}

static const uint32_t *borrow_table(buffers_t *held, PyObject *object) {
    return borrow(held, object, (int64_t)TABLE_POINTS * 4, 0);
}

static PyObject *finish(buffers_t *held, int failed) {
    release(held);
    if (failed) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *give_up(buffers_t *held) {
    release(held);
    return NULL;
}

static PyObject *py_sketch(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *table_object, *bands_object, *short_object;
    int n, bands, width, failed;
    if (!PyArg_ParseTuple(args, "OOiiiOO", &given, &table_object, &n, &bands, &width, &bands_object, &short_object))
        return NULL;
    if (n < 1 || n > 64 || bands < 1 || width < 1 || bands * width > VALUES)
        return PyErr_Format(PyExc_ValueError, "no such banding");
    buffers_t held = {.count = 0};
    texts_t texts;
    const uint32_t *table;
    uint32_t *out_bands;
    uint8_t *out_short;
    if (borrow_texts(&held, given, &texts) < 0 || !(table = borrow_table(&held, table_object)) ||
        !(out_bands = borrow(&held, bands_object, texts.n * bands * 4, 1)) ||
        !(out_short = borrow(&held, short_object, texts.n * VALUES, 1)))
        return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    failed = sketch_texts(&texts, table, n, bands, width, out_bands, out_short);
    Py_END_ALLOW_THREADS
    return finish(&held, failed);
}

static PyObject *py_group_keys(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *keys_object, *out_object;
    long long first, band, bands, next;
    if (!PyArg_ParseTuple(args, "OLLLO", &keys_object, &band, &bands, &first, &out_object)) return NULL;
    buffers_t held = {.count = 0};
    const uint32_t *keys = borrow(&held, keys_object, 0, 0);
    if (!keys) return give_up(&held);
    int64_t n = bands > 0 ? held.views[0].len / 4 / bands : -1;
    if (band < 0 || band >= bands || n < 0 || n > INT32_MAX - 1) {
        PyErr_SetString(PyExc_ValueError, "no such band");
        return give_up(&held);
    }
    int32_t *out = borrow(&held, out_object, n * 4, 1);
    if (!out) return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    next = group_keys(keys + band, bands, n, out, first);
    Py_END_ALLOW_THREADS
    release(&held);
    return next < 0 ? PyErr_NoMemory() : PyLong_FromLongLong(next);
}

#define GREEDY "assay.kernels.greedy"
#define MOST_WORKERS 64

/* A greedy removal under way, with all that it borrowed. */
typedef struct {
    buffers_t held;
    greedy_t job;
} greedy_object_t;

static void close_greedy(PyObject *capsule) {
    greedy_object_t *self = PyCapsule_GetPointer(capsule, GREEDY);
    if (!self) return;
    greedy_close(&self->job);
    release(&self->held);
    PyMem_Free(self);
}

static int borrow_greedy(greedy_object_t *self, PyObject *args, int *workers) {
    PyObject *given, *table, *groups, *sketch, *order, *stay, *twin, *similarity;
    long long bands, count;
    greedy_t *job = &self->job;
    buffers_t *held = &self->held;
    if (!PyArg_ParseTuple(args, "OOOLLOOOdiiOOi", &given, &table, &groups, &bands, &count, &sketch, &order, &stay,
                          &job->threshold, &job->least_agreeing, &job->n, &twin, &similarity, workers))
        return -1;
    if (borrow_texts(held, given, &job->texts) < 0) return -1;
    int64_t n = job->texts.n;
    job->bands = bands;
    job->group_count = count;
    if (bands < 1 || bands > VALUES || count < 0 || count > INT32_MAX - 1 || job->n < 1 || job->n > 64 ||
        *workers < 1 || *workers > MOST_WORKERS || !(job->threshold > 0.0 && job->threshold <= 1.0)) {
        PyErr_SetString(PyExc_ValueError, "no such job");
        return -1;
    }
    if (!(job->table = borrow_table(held, table)) || !(job->groups = borrow(held, groups, bands * n * 4, 1)) ||
        !(job->sketch = borrow(held, sketch, n * VALUES, 0)) || !(job->order = borrow(held, order, 0, 0)))
        return -1;
    job->order_count = held->views[held->count - 1].len / 8;
    if (!(job->may_stay = borrow(held, stay, n, 0)) || !(job->twin = borrow(held, twin, n * 8, 1)) ||
        !(job->similarity = borrow(held, similarity, n * 8, 1)))
        return -1;
    for (int64_t k = 0; k < bands * n; k++)
        if (job->groups[k] < -1 || job->groups[k] >= count) {
            PyErr_SetString(PyExc_ValueError, "no such group");
            return -1;
        }
    for (int64_t k = 0; k < job->order_count; k++)
        if (job->order[k] < 0 || job->order[k] >= n) {
            PyErr_SetString(PyExc_ValueError, "no such row");
            return -1;
        }
    for (int64_t k = 0; k < n; k++) job->twin[k] = -1;
    return 0;
}

static PyObject *py_greedy_open(PyObject *module, PyObject *args) {
    (void)module;
    int workers;
    greedy_object_t *self = PyMem_Calloc(1, sizeof *self);
    if (!self) return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(self, GREEDY, close_greedy);
    if (!capsule) {
        PyMem_Free(self);
        return NULL;
    }
    int failed = borrow_greedy(self, args, &workers);
    if (!failed && greedy_open(&self->job, workers) < 0) {
        PyErr_NoMemory();
        failed = -1;
    }
    if (failed) {
        Py_DECREF(capsule);
        return NULL;
    }
    return capsule;
}

static PyObject *py_greedy_compare(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *capsule;
    int worker, failed;
    long long start, end;
    if (!PyArg_ParseTuple(args, "OiLL", &capsule, &worker, &start, &end)) return NULL;
    greedy_object_t *self = PyCapsule_GetPointer(capsule, GREEDY);
    if (!self) return NULL;
    if (worker < 0 || worker >= self->job.workers || start < 0 || end > self->job.order_count)
        return PyErr_Format(PyExc_ValueError, "no such block");
    Py_BEGIN_ALLOW_THREADS
    failed = greedy_compare(&self->job, worker, start, end);
    Py_END_ALLOW_THREADS
    if (failed) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *py_greedy_place(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *capsule;
    int failed;
    long long start, end;
    if (!PyArg_ParseTuple(args, "OLL", &capsule, &start, &end)) return NULL;
    greedy_object_t *self = PyCapsule_GetPointer(capsule, GREEDY);
    if (!self) return NULL;
    if (start < 0 || end > self->job.order_count) return PyErr_Format(PyExc_ValueError, "no such block");
    Py_BEGIN_ALLOW_THREADS
    failed = greedy_place(&self->job, start, end);
    Py_END_ALLOW_THREADS
    if (failed) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

/* Pairs of texts to be compared: how many, or -1 (with an exception) where one names no text. */
static int64_t borrow_pairs(buffers_t *held, PyObject *left, PyObject *right, int64_t n, const int64_t **a,
                            const int64_t **b) {
    if (!(*a = borrow(held, left, 0, 0))) return -1;
    int64_t pairs = held->views[held->count - 1].len / 8;
    if (!(*b = borrow(held, right, pairs * 8, 0))) return -1;
    for (int64_t k = 0; k < pairs; k++)
        if ((*a)[k] < 0 || (*a)[k] >= n || (*b)[k] < 0 || (*b)[k] >= n) {
            PyErr_SetString(PyExc_ValueError, "no such text");
            return -1;
        }
    return pairs;
}

static PyObject *py_jaccard_pairs(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *table_object, *left, *right, *out_object;
    int n, failed;
    if (!PyArg_ParseTuple(args, "OOiOOO", &given, &table_object, &n, &left, &right, &out_object)) return NULL;
    buffers_t held = {.count = 0};
    texts_t texts;
    const uint32_t *table;
    const int64_t *a, *b;
    double *out;
    if (n < 1 || n > 64) return PyErr_Format(PyExc_ValueError, "no such shingles");
    if (borrow_texts(&held, given, &texts) < 0 || !(table = borrow_table(&held, table_object))) return give_up(&held);
    int64_t pairs = borrow_pairs(&held, left, right, texts.n, &a, &b);
    if (pairs < 0 || !(out = borrow(&held, out_object, pairs * 8, 1))) return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    failed = jaccard_pairs(&texts, table, n, a, b, pairs, out);
    Py_END_ALLOW_THREADS
    return finish(&held, failed);
}

static PyObject *py_similar_pairs(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *table_object, *left, *right, *out_object;
    int n, failed;
    double least;
    if (!PyArg_ParseTuple(args, "OOiOOdO", &given, &table_object, &n, &left, &right, &least, &out_object)) return NULL;
    buffers_t held = {.count = 0};
    texts_t texts;
    const uint32_t *table;
    const int64_t *a, *b;
    double *out;
    if (n < 1 || n > 64 || !(least > 0.0 && least <= 1.0))
        return PyErr_Format(PyExc_ValueError, "no such shingles");
    if (borrow_texts(&held, given, &texts) < 0 || !(table = borrow_table(&held, table_object))) return give_up(&held);
    int64_t pairs = borrow_pairs(&held, left, right, texts.n, &a, &b);
    if (pairs < 0 || !(out = borrow(&held, out_object, pairs * 8, 1))) return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    failed = similar_pairs(&texts, table, n, a, b, pairs, least, out);
    Py_END_ALLOW_THREADS
    return finish(&held, failed);
}

/* Whether every row is one of n. */
static int rows_hold(const int64_t *rows, int64_t count, int64_t n) {
    for (int64_t k = 0; k < count; k++)
        if (rows[k] < 0 || rows[k] >= n) {
            PyErr_SetString(PyExc_ValueError, "no such row");
            return 0;
        }
    return 1;
}

static PyObject *py_find_pairs(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *keys_object, *sketch_object, *order_object;
    long long bands, band, since, most;
    int least, failed;
    if (!PyArg_ParseTuple(args, "OLLOOLiL", &keys_object, &bands, &band, &sketch_object, &order_object, &since, &least,
                          &most))
        return NULL;
    buffers_t held = {.count = 0};
    const uint8_t *sketch;
    const int64_t *order;
    const uint32_t *keys = borrow(&held, keys_object, 0, 0);
    if (!keys) return give_up(&held);
    int64_t n = bands > 0 ? held.views[0].len / 4 / bands : -1;
    if (band < 0 || band >= bands || n < 0 || n > INT32_MAX - 1) {
        PyErr_SetString(PyExc_ValueError, "no such band");
        return give_up(&held);
    }
    if (!(sketch = borrow(&held, sketch_object, n * VALUES, 0)) || !(order = borrow(&held, order_object, 0, 0)))
        return give_up(&held);
    int64_t count = held.views[held.count - 1].len / 8;
    if (!rows_hold(order, count, n)) return give_up(&held);
    if (count > n || since < 0) {
        PyErr_SetString(PyExc_ValueError, "no such order");
        return give_up(&held);
    }
    pairs_t found = {NULL, 0, 0};
    Py_BEGIN_ALLOW_THREADS
    failed = find_pairs(keys, bands, band, sketch, order, count, since, least, most, &found);
    Py_END_ALLOW_THREADS
    release(&held);
    PyObject *out = NULL;
    if (failed < 0) PyErr_NoMemory();
    else if (failed) out = Py_NewRef(Py_None);
    else out = PyBytes_FromStringAndSize((const char *)found.pairs, (Py_ssize_t)(found.count * (int64_t)sizeof(pair_t)));
    free(found.pairs);
    return out;
}

static PyObject *py_settle_pairs(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *starts_object, *others_object, *similarity_object, *order_object, *stay_object, *twin_object, *value_object;
    int failed;
    if (!PyArg_ParseTuple(args, "OOOOOOO", &starts_object, &others_object, &similarity_object, &order_object,
                          &stay_object, &twin_object, &value_object))
        return NULL;
    buffers_t held = {.count = 0};
    const int64_t *starts, *order;
    const int32_t *others;
    const double *similarity;
    const uint8_t *may_stay;
    int64_t *twin;
    double *value;
    if (!(starts = borrow(&held, starts_object, 8, 0))) return give_up(&held);
    int64_t n = held.views[0].len / 8 - 1;
    if (!(others = borrow(&held, others_object, 0, 0))) return give_up(&held);
    int64_t pairs = held.views[held.count - 1].len / 4;
    if (!(similarity = borrow(&held, similarity_object, pairs * 8, 0)) ||
        !(order = borrow(&held, order_object, 0, 0)))
        return give_up(&held);
    int64_t count = held.views[held.count - 1].len / 8;
    if (!rows_hold(order, count, n) || !(may_stay = borrow(&held, stay_object, n, 0)) ||
        !(twin = borrow(&held, twin_object, n * 8, 1)) || !(value = borrow(&held, value_object, n * 8, 1)))
        return give_up(&held);
    int sound = n <= INT32_MAX - 1 && starts[0] >= 0 && starts[n] <= pairs;
    for (int64_t k = 0; k < n && sound; k++) sound = starts[k] <= starts[k + 1];
    for (int64_t k = 0; k < pairs && sound; k++) sound = others[k] >= 0 && others[k] < n;
    if (!sound) {
        PyErr_SetString(PyExc_ValueError, "no such pairs");
        return give_up(&held);
    }
    for (int64_t k = 0; k < n; k++) twin[k] = -1;
    Py_BEGIN_ALLOW_THREADS
    failed = settle_pairs(n, starts, others, similarity, order, count, may_stay, twin, value);
    Py_END_ALLOW_THREADS
    return finish(&held, failed);
}

static PyObject *py_count_units(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *table_object, *out_object;
    if (!PyArg_ParseTuple(args, "OOO", &given, &table_object, &out_object)) return NULL;
    buffers_t held = {.count = 0};
    texts_t texts;
    const uint32_t *table;
    int64_t *out;
    if (borrow_texts(&held, given, &texts) < 0 || !(table = borrow_table(&held, table_object)) ||
        !(out = borrow(&held, out_object, texts.n * 8, 1)))
        return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    count_units(&texts, table, out);
    Py_END_ALLOW_THREADS
    return finish(&held, 0);
}

static PyObject *py_count_points(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *out_object;
    if (!PyArg_ParseTuple(args, "OO", &given, &out_object)) return NULL;
    buffers_t held = {.count = 0};
    texts_t texts;
    int64_t *out;
    if (borrow_texts(&held, given, &texts) < 0 || !(out = borrow(&held, out_object, texts.n * 8, 1)))
        return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    for (int64_t row = 0; row < texts.n; row++) {
        int64_t points = 0;
        for (int64_t k = texts.start[row]; k < texts.end[row]; k++) points += (texts.data[k] & 0xC0) != 0x80;
        out[row] = points;
    }
    Py_END_ALLOW_THREADS
    return finish(&held, 0);
}

static PyObject *py_repeated_bigrams(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *table_object, *ratio_object, *units_object;
    int failed;
    if (!PyArg_ParseTuple(args, "OOOO", &given, &table_object, &ratio_object, &units_object)) return NULL;
    buffers_t held = {.count = 0};
    texts_t texts;
    const uint32_t *table;
    double *ratio;
    int64_t *units;
    if (borrow_texts(&held, given, &texts) < 0 || !(table = borrow_table(&held, table_object)) ||
        !(ratio = borrow(&held, ratio_object, texts.n * 8, 1)) ||
        !(units = borrow(&held, units_object, texts.n * 8, 1)))
        return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    failed = repeated_bigrams(&texts, table, ratio, units);
    Py_END_ALLOW_THREADS
    return finish(&held, failed);
}

static PyObject *py_glance(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *table_object, *out_object;
    if (!PyArg_ParseTuple(args, "OOO", &given, &table_object, &out_object)) return NULL;
    buffers_t held = {.count = 0};
    texts_t texts;
    const uint32_t *table;
    uint8_t *out;
    if (borrow_texts(&held, given, &texts) < 0 || !(table = borrow_table(&held, table_object)) ||
        !(out = borrow(&held, out_object, texts.n, 1)))
        return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    glance(&texts, table, out);
    Py_END_ALLOW_THREADS
    return finish(&held, 0);
}

static PyObject *py_fold_digests(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *table_object, *out_object;
    int failed;
    if (!PyArg_ParseTuple(args, "OOO", &given, &table_object, &out_object)) return NULL;
    buffers_t held = {.count = 0};
    texts_t texts;
    const uint32_t *table;
    uint64_t *out;
    if (borrow_texts(&held, given, &texts) < 0 || !(table = borrow_table(&held, table_object)) ||
        !(out = borrow(&held, out_object, texts.n * 16, 1)))
        return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    failed = fold_digests(&texts, table, out);
    Py_END_ALLOW_THREADS
    return finish(&held, failed);
}

/* Whether every expansion that the table names lies within the list. */
static int expansions_hold(const uint32_t *table, const uint32_t *expansions, int64_t count) {
    for (uint32_t c = 0; c < TABLE_POINTS; c++) {
        if (!(table[c] & EXPANDS)) continue;
        int64_t at = table[c] & POINT_MASK;
        if (at >= count || expansions[at] > MOST_EXPANDED || at + expansions[at] >= count) return 0;
    }
    return 1;
}

static PyObject *py_fold_width_digests(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *table_object, *list_object, *out_object, *entangled_object;
    int failed;
    if (!PyArg_ParseTuple(args, "OOOOO", &given, &table_object, &list_object, &out_object, &entangled_object))
        return NULL;
    buffers_t held = {.count = 0};
    texts_t texts;
    const uint32_t *table, *expansions;
    uint64_t *out;
    uint8_t *entangled;
    if (borrow_texts(&held, given, &texts) < 0 || !(table = borrow_table(&held, table_object)) ||
        !(expansions = borrow(&held, list_object, 0, 0)))
        return give_up(&held);
    if (!expansions_hold(table, expansions, held.views[held.count - 1].len / 4)) {
        PyErr_SetString(PyExc_ValueError, "an expansion lies outside the list");
        return give_up(&held);
    }
    if (!(out = borrow(&held, out_object, texts.n * 16, 1)) ||
        !(entangled = borrow(&held, entangled_object, texts.n, 1)))
        return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    failed = fold_width_digests(&texts, table, expansions, out, entangled);
    Py_END_ALLOW_THREADS
    return finish(&held, failed);
}

static PyObject *py_read_records(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *out_objects[7];
    shape_t shape;
    if (!PyArg_ParseTuple(args, "OszsOOOOOOO", &given, &shape.question, &shape.more, &shape.answer, &out_objects[0],
                          &out_objects[1], &out_objects[2], &out_objects[3], &out_objects[4], &out_objects[5],
                          &out_objects[6]))
        return NULL;
    buffers_t held = {.count = 0};
    texts_t records;
    reading_t out;
    if (borrow_texts(&held, given, &records) < 0) return give_up(&held);
    int64_t n = records.n, bytes = 0;
    for (int64_t k = 0; k < n; k++) bytes += records.end[k] - records.start[k];
    if (!(out.payload = borrow(&held, out_objects[0], bytes + 96 * n, 1)) ||
        !(out.text = borrow(&held, out_objects[1], bytes + 2 * n, 1)) ||
        !(out.status = borrow(&held, out_objects[2], n, 1)) ||
        !(out.payload_end = borrow(&held, out_objects[3], n * 8, 1)) ||
        !(out.text_end = borrow(&held, out_objects[4], n * 8, 1)) ||
        !(out.answer_start = borrow(&held, out_objects[5], n * 8, 1)) ||
        !(out.joint = borrow(&held, out_objects[6], n * 8, 1)))
        return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    read_records(&records, &shape, &out);
    Py_END_ALLOW_THREADS
    return finish(&held, 0);
}

static PyObject *py_read_payloads(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *text, *status, *text_end, *answer_start;
    if (!PyArg_ParseTuple(args, "OOOOO", &given, &text, &status, &text_end, &answer_start)) return NULL;
    buffers_t held = {.count = 0};
    texts_t payloads;
    reading_t out;
    if (borrow_texts(&held, given, &payloads) < 0) return give_up(&held);
    int64_t n = payloads.n, bytes = 0;
    for (int64_t k = 0; k < n; k++) bytes += payloads.end[k] - payloads.start[k];
    if (!(out.text = borrow(&held, text, bytes + 2 * n, 1)) || !(out.status = borrow(&held, status, n, 1)) ||
        !(out.text_end = borrow(&held, text_end, n * 8, 1)) ||
        !(out.answer_start = borrow(&held, answer_start, n * 8, 1)))
        return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    read_payloads(&payloads, &out);
    Py_END_ALLOW_THREADS
    return finish(&held, 0);
}

#define LANGUAGE "assay.kernels.language"

/* The tables of languages, with all that was borrowed. */
typedef struct {
    buffers_t held;
    language_t model;
} language_object_t;

static void close_language(PyObject *capsule) {
    language_object_t *self = PyCapsule_GetPointer(capsule, LANGUAGE);
    if (!self) return;
    language_close(&self->model);
    release(&self->held);
    PyMem_Free(self);
}

/* What the tables say is checked by `language_open`, which alone knows what each of them means. */
static int borrow_language(language_object_t *self, PyObject *tables) {
    if (!PyTuple_Check(tables) || PyTuple_Size(tables) != TABLES) {
        PyErr_SetString(PyExc_ValueError, "not as many tables as there must be");
        return -1;
    }
    for (int k = 0; k < TABLES; k++) {
        if (!(self->model.tables[k] = borrow(&self->held, PyTuple_GetItem(tables, k), 0, 0))) return -1;
        self->model.bytes[k] = self->held.views[k].len;
    }
    int failed = language_open(&self->model);
    if (failed == -2) PyErr_SetString(PyExc_ValueError, "the tables of languages do not hold together");
    if (failed == -1) PyErr_NoMemory();
    return failed;
}

static PyObject *py_language_open(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *tables;
    if (!PyArg_ParseTuple(args, "O", &tables)) return NULL;
    language_object_t *self = PyMem_Calloc(1, sizeof *self);
    if (!self) return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(self, LANGUAGE, close_language);
    if (!capsule) {
        PyMem_Free(self);
        return NULL;
    }
    if (borrow_language(self, tables)) {
        Py_DECREF(capsule);
        return NULL;
    }
    return capsule;
}

static PyObject *py_languages(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *capsule, *given, *language_object, *confidence_object, *state_object;
    int failed;
    if (!PyArg_ParseTuple(args, "OOOOO", &capsule, &given, &language_object, &confidence_object, &state_object))
        return NULL;
    const language_object_t *self = PyCapsule_GetPointer(capsule, LANGUAGE);
    if (!self) return NULL;
    buffers_t held = {.count = 0};
    texts_t texts;
    uint32_t *language;
    double *confidence;
    uint8_t *state;
    if (borrow_texts(&held, given, &texts) < 0 || !(language = borrow(&held, language_object, texts.n * 4, 1)) ||
        !(confidence = borrow(&held, confidence_object, texts.n * 8, 1)) ||
        !(state = borrow(&held, state_object, texts.n, 1)))
        return give_up(&held);
    Py_BEGIN_ALLOW_THREADS
    failed = languages(&self->model, &texts, language, confidence, state);
    Py_END_ALLOW_THREADS
    return finish(&held, failed);
}

/* Give the system back what was freed; threads leave a lot of it in arenas of their own. */
static PyObject *py_release_memory(PyObject *self, PyObject *none) {
    (void)self;
    (void)none;
#ifdef __GLIBC__
    Py_BEGIN_ALLOW_THREADS
    malloc_trim(0);
    Py_END_ALLOW_THREADS
#endif
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"sketch", py_sketch, METH_VARARGS, NULL},
    {"group_keys", py_group_keys, METH_VARARGS, NULL},
    {"greedy_open", py_greedy_open, METH_VARARGS, NULL},
    {"greedy_compare", py_greedy_compare, METH_VARARGS, NULL},
    {"greedy_place", py_greedy_place, METH_VARARGS, NULL},
    {"find_pairs", py_find_pairs, METH_VARARGS, NULL},
    {"similar_pairs", py_similar_pairs, METH_VARARGS, NULL},
    {"settle_pairs", py_settle_pairs, METH_VARARGS, NULL},
    {"jaccard_pairs", py_jaccard_pairs, METH_VARARGS, NULL},
    {"count_units", py_count_units, METH_VARARGS, NULL},
    {"count_points", py_count_points, METH_VARARGS, NULL},
    {"repeated_bigrams", py_repeated_bigrams, METH_VARARGS, NULL},
    {"glance", py_glance, METH_VARARGS, NULL},
    {"fold_digests", py_fold_digests, METH_VARARGS, NULL},
    {"fold_width_digests", py_fold_width_digests, METH_VARARGS, NULL},
    {"language_open", py_language_open, METH_VARARGS, NULL},
    {"languages", py_languages, METH_VARARGS, NULL},
    {"release_memory", py_release_memory, METH_NOARGS, NULL},
    {"read_payloads", py_read_payloads, METH_VARARGS, NULL},
    {"read_records", py_read_records, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_kernel", "The hot loops in C; assay.kernels.native is the door.", 0, methods,
    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModule_Create(&definition); }
