"""The order of rows, which is the same in all tables."""


def in_order_of_appearance(table, rows, columns):
    """Return ``table`` sorted by ``columns``, with values in the order in which they first appear in ``rows``."""

    def positions(column):
        order = {name: position for position, name in enumerate(rows[column.name].unique())}
        return column.map(order)

    return table.sort_values(columns, key=positions, kind="stable", ignore_index=True)
