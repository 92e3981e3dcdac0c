"""Makes the binary files of records_test.go, by pyarrow 26 and datasets 5.2:

    pip install pyarrow datasets && python make.py
"""
import shutil

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict

rows = [
    {
        "id": "a",
        "text": 'A: Hi.\r\nB: "Hello", she said.',
        "summary": "They greet.",
        "n": 1,
        "x": float("nan"),
        "translation": {"en": "Hi", "de": "Hallo"},
        "refs": ["one", "two"],
        "messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "R"}],
    },
    {"id": "b", "text": "C: Café?", "summary": None, "n": None, "x": 1.5, "translation": {"en": "Bye", "de": None}, "refs": [], "messages": []},
    {"id": "c", "text": "D: no", "summary": "s", "n": 3, "x": None, "translation": None, "refs": None, "messages": None},
]
table = pa.Table.from_pylist(rows)
pq.write_table(table, "rows.parquet", row_group_size=2)
with pa.OSFile("stream.arrow", "wb") as f, ipc.new_stream(f, table.schema) as w:
    w.write_table(table, max_chunksize=2)
with pa.OSFile("file.arrow", "wb") as f, ipc.new_file(f, table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as w:
    w.write_table(table, max_chunksize=2)

shutil.rmtree("saved", ignore_errors=True)
split = Dataset.from_list([{"id": i, "text": f"t{i}"} for i in range(3)])
DatasetDict({"train": split, "validation": split.select([0])}).save_to_disk("saved", num_shards={"train": 2, "validation": 1})
