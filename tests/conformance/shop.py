"""A schema with one of everything that an item may hold."""

SHOP = """
entity: products
alias: product
version: "1"
service: shop
attributes:
  shelf: {type: string, required: true}
  code: {type: string, required: true}
  price: {type: number, padding: {length: 8, char: "0"}, min: 0}
  stock: {type: integer, default: 0}
  weight: decimal
  fresh: boolean
  photo: binary
  size: {type: [small, large]}
  labels: {type: set, items: string}
  primes: {type: set, items: integer}
  steps: {type: list, items: string}
  box: {type: map, properties: {width: number, notes: {type: list, items: string}}}
  anything: any
  document: json
  made_at: timestamp
  gone_at: ttl
  maker: {type: string, field: m}
  first_seen: {type: timestamp, default: {generate: now}, read_only: true}
  secret: {type: string, hidden: true}
indexes:
  shelf:
    pk: {field: pk, composite: [shelf]}
    sk: {field: sk, composite: [code]}
  by_price:
    index: gsi1
    pk: {field: gsi1pk, composite: [maker]}
    sk: {field: gsi1sk, composite: [price]}
  on_sale:
    index: gsi2
    when: "fresh == `true`"
    pk: {field: gsi2pk, composite: [maker]}
    sk: {field: gsi2sk, composite: []}
"""
