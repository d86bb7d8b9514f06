"""The layout of the NF-e, group by group: one struct per group, one field per tag, in the schema's order and letters.

Adding a group is adding a struct: `gateway.nfe.xml_writer` derives the text from the annotations.
Source: leiauteNFe_v4.00.xsd, PL_010f.
"""
